package ledger

import (
	"context"
	"errors"
	"time"
)

// maxBatch is how many operations share a transaction, and so one fsync.
const maxBatch = 256

// writeTime bounds a transaction.
const writeTime = 30 * time.Second

// op is a change to the ledger. Its needs are read from the database before apply,
// which changes the working set; what was changed is written back.
type op struct {
	needs needs
	apply func(*work) error
	err   error
	done  chan struct{}
}

// do makes a change. It returns when the change is durable, or with apply's error. When
// the context ends first, the change may still be made.
func (l *Ledger) do(ctx context.Context, n needs, apply func(*work) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	o := &op{needs: n, apply: apply, done: make(chan struct{})}
	l.closing.RLock()
	if l.closed {
		l.closing.RUnlock()
		return ErrClosed
	}
	select {
	case l.ops <- o:
		l.closing.RUnlock()
	case <-ctx.Done():
		l.closing.RUnlock()
		return context.Cause(ctx)
	}
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// commitAll is the only writer of this ledger. While one transaction is written, the
// operations that arrive gather for the next.
func (l *Ledger) commitAll() {
	defer close(l.stopped)
	for o := range l.ops {
		batch := []*op{o}
	gather:
		for len(batch) < maxBatch {
			select {
			case next, open := <-l.ops:
				if !open {
					break gather
				}
				batch = append(batch, next)
			default:
				break gather
			}
		}
		l.commit(batch)
	}
}

// commit makes the changes of a batch in one transaction. If the database does not take
// one of them, each is tried by itself, so that one spoils no other.
func (l *Ledger) commit(batch []*op) {
	err := l.commitTogether(batch)
	alone := len(batch) > 1 && errors.Is(err, ErrBadValue)
	for _, o := range batch {
		if alone {
			if err := l.commitTogether([]*op{o}); err != nil {
				o.err = err
			}
		} else if err != nil {
			o.err = err
		}
		close(o.done)
	}
}

func (l *Ledger) commitTogether(batch []*op) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	var all needs
	for _, o := range batch {
		all.add(o.needs)
	}
	var settled []string
	err := l.db.Write(ctx, func(tx Tx) error {
		w, err := l.load(ctx, tx, all)
		if err != nil {
			return err
		}
		for _, o := range batch {
			o.err = o.apply(w)
		}
		settled = w.settled
		return w.save(ctx, tx)
	})
	if err == nil {
		l.watches.tell(settled)
	}
	return err
}

// view runs f on what the database knows of the needs, and changes nothing.
func (l *Ledger) view(ctx context.Context, n needs, f func(*work) error) error {
	return l.db.Read(ctx, func(tx Tx) error {
		w, err := l.load(ctx, tx, n)
		if err != nil {
			return err
		}
		return f(w)
	})
}
