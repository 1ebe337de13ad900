package ledger

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// maxBatch is how many messages share a transaction, and so one fsync. An operation with
// many messages may exceed it, and then no other joins.
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
	to := l.ops
	if len(n.numbers) >= manyMessages {
		to = l.bulk
	}
	return l.queue(ctx, to, n, apply)
}

// queue hands an operation to who takes those of a channel, and waits for its end.
func (l *Ledger) queue(ctx context.Context, to chan<- *op, n needs, apply func(*work) error) error {
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
	case to <- o:
		l.closing.RUnlock()
	case <-ctx.Done():
		l.closing.RUnlock()
		return busy(ctx)
	}
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return busy(ctx)
	}
}

// busy is the error of a context that ended while the database had other things to do.
func busy(ctx context.Context) error {
	return fmt.Errorf("the database was busy: %w", context.Cause(ctx))
}

// commitAll is the only writer of this ledger. While one transaction is written, the
// operations that arrive gather for the next.
func (l *Ledger) commitAll() {
	unsynced := 1
	if p, ok := l.db.(Pipelined); ok {
		unsynced = p.MaxUnsynced()
	}
	written := make(chan *batch, unsynced-1) // the settler has the first one
	var settled sync.WaitGroup
	settled.Go(func() {
		for b := range written {
			if b.settle(&l.watches); b.err == nil {
				l.noteCommits(b.commits, false)
			}
		}
	})
	waiting := line{few: l.ops, many: l.bulk}
	for ops := waiting.next(); ops != nil; ops = waiting.next() {
		b := &batch{ops: ops}
		b.err = l.commit(b)
		written <- b
	}
	close(written)
	settled.Wait()
}

// gather returns an operation with those that wait behind it.
func gather(first *op, from <-chan *op) []*op {
	list := []*op{first}
	runtime.Gosched() // those that are about to ask share the transaction
	for size := first.size(); size < maxBatch; size += list[len(list)-1].size() {
		select {
		case next, open := <-from:
			if !open {
				return list
			}
			list = append(list, next)
		default:
			return list
		}
	}
	return list
}

// size is how many messages an operation is about.
func (o *op) size() int { return max(1, len(o.needs.numbers)) }

// batch are operations that share a transaction.
type batch struct {
	ops     []*op
	durable func() error // waits until the transaction is on disk; nil = it is
	settled []string     // queued messages that have an outcome now
	commits int64        // how many there are, with this one
	err     error
}

func (b *batch) needs() (all needs) {
	for _, o := range b.ops {
		all.add(o.needs)
	}
	return all
}

// settle tells the callers, once what they asked for is durable: first those who watch for
// an outcome, as a caller that has recorded one looks whether it was its message's.
func (b *batch) settle(w *watches) {
	if b.err == nil && b.durable != nil {
		b.err = b.durable()
	}
	if b.err == nil {
		w.tell(b.settled)
	}
	for _, o := range b.ops {
		if b.err != nil {
			o.err = b.err
		}
		close(o.done)
	}
}

// commit makes the changes of a batch in one transaction. If the database does not take
// one of them, each is tried by itself, so that one spoils no other.
func (l *Ledger) commit(b *batch) error {
	err := l.commitTogether(b)
	if len(b.ops) == 1 || !errors.Is(err, ErrBadValue) {
		return err
	}
	var settled []string
	for _, o := range b.ops {
		alone := &batch{ops: []*op{o}}
		err := l.commitTogether(alone)
		if err == nil && alone.durable != nil {
			err = alone.durable()
		}
		if err != nil {
			o.err = err
			continue
		}
		settled, b.commits = append(settled, alone.settled...), alone.commits
	}
	b.durable, b.settled = nil, settled
	return nil
}

func (l *Ledger) commitTogether(b *batch) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	all := b.needs()
	all.count = true
	var w *work
	change := func(tx Tx) error {
		if l.held != nil {
			if err := l.held.check(ctx, l.db.(Versioned), tx); err != nil {
				return err
			}
		}
		var err error
		if w, err = l.load(ctx, tx, all, l.held); err != nil {
			return err
		}
		for _, o := range b.ops {
			o.err = o.apply(w)
		}
		b.settled, b.commits = w.settled, w.commits
		return w.save(ctx, tx)
	}
	p, ok := l.db.(Pipelined)
	if !ok {
		return l.db.Write(ctx, change)
	}
	var err error
	b.durable, err = p.Commit(ctx, change)
	switch {
	case l.held == nil:
	case err != nil:
		l.held.clear()
	default:
		l.held.keep(w)
	}
	return err
}

// noteCommits notes how many commits are durable. That it cannot be written down is no
// reason to refuse them.
func (l *Ledger) noteCommits(n int64, now bool) {
	if err := l.mark.note(n, now); err != nil {
		l.options.Log.Warn("how much was committed could not be noted", "error", err)
	}
}

// lookAll answers the questions of many senders together: they share a transaction, which
// changes nothing.
func (l *Ledger) lookAll() {
	for o := range l.looks {
		b := &batch{ops: gather(o, l.looks)}
		ctx, cancel := context.WithTimeout(context.Background(), writeTime)
		b.err = l.view(ctx, b.needs(), func(w *work) error {
			for _, o := range b.ops {
				o.err = o.apply(w)
			}
			return nil
		})
		cancel()
		b.settle(&l.watches)
	}
}

// view runs f on what the database knows of the needs, and changes nothing.
func (l *Ledger) view(ctx context.Context, n needs, f func(*work) error) error {
	return l.db.Read(ctx, func(tx Tx) error {
		w, err := l.load(ctx, tx, n, nil)
		if err != nil {
			return err
		}
		return f(w)
	})
}
