package guard

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/anysms/anysms/router/ledger"
)

// NewLedgerCounters returns counters in a ledger's database, for all processes that use
// it. Concurrent calls share a transaction. Names are stored as keyed hashes. The ledger
// must stay open as long as the counters are used.
func NewLedgerCounters(l *ledger.Ledger) Counters {
	return &ledgerCounters{db: l.Database(), hash: l.Hash}
}

// ledgerCounters gathers changes while a transaction is written, and makes them together
// in the next.
type ledgerCounters struct {
	db   ledger.Database
	hash func(purpose, value string) string

	mu      sync.Mutex
	waiting []*change
	writing bool
	pruned  time.Time
}

// change is a change to the counters. Its needs are read before apply.
type change struct {
	id    string // of a reservation; "" = none
	keys  []string
	now   time.Time
	apply func(*books)
	err   error
	done  chan struct{}
}

const (
	maxTogether = 256              // changes in one transaction
	writeTime   = 30 * time.Second // bounds a transaction
	pruneEvery  = time.Minute
	pruneSome   = 1000 // rows that one transaction forgets
)

// Reserve implements [Counters]. If the context ends first, the reservation may still be
// made: it is then found under its id.
func (l *ledgerCounters) Reserve(ctx context.Context, id string, now, keep time.Time, charges []Charge) (held bool, over int, err error) {
	own := append([]Charge(nil), charges...) // the caller may leave before the change is made
	c := l.change(id, now, own)
	err = l.do(ctx, c, func(b *books) { held, over = b.reserve(c, keep, own) })
	if err != nil {
		return false, -1, err
	}
	copy(charges, own)
	return held, over, nil
}

// Return implements [Counters].
func (l *ledgerCounters) Return(ctx context.Context, id string, now time.Time) error {
	if id == "" {
		return nil
	}
	c := l.change(id, now, nil)
	return l.do(ctx, c, func(b *books) { b.giveBack(c) })
}

// Add implements [Counters].
func (l *ledgerCounters) Add(ctx context.Context, now time.Time, charges []Charge) error {
	own := append([]Charge(nil), charges...)
	c := l.change("", now, own)
	err := l.do(ctx, c, func(b *books) {
		for i := range own {
			b.add(c.keys[i], now.UnixMicro(), &own[i])
		}
	})
	if err == nil {
		copy(charges, own)
	}
	return err
}

// Levels implements [Counters].
func (l *ledgerCounters) Levels(ctx context.Context, now time.Time, charges []Charge) error {
	c := l.change("", now, charges)
	return l.db.Read(ctx, func(tx ledger.Tx) error {
		b := newBooks()
		if err := b.loadCounters(ctx, tx, c.keys); err != nil {
			return err
		}
		for i := range charges {
			b.find(c.keys[i], now.UnixMicro(), &charges[i])
		}
		return nil
	})
}

func (l *ledgerCounters) change(id string, now time.Time, charges []Charge) *change {
	c := &change{now: now, keys: make([]string, len(charges)), done: make(chan struct{})}
	if id != "" {
		c.id = l.hash("reservation", id)
	}
	for i := range charges {
		c.keys[i] = l.hash("counter", charges[i].Key)
	}
	return c
}

// do makes a change and returns when it is durable.
func (l *ledgerCounters) do(ctx context.Context, c *change, apply func(*books)) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	c.apply = apply
	l.mu.Lock()
	l.waiting = append(l.waiting, c)
	if !l.writing {
		l.writing = true
		go l.write()
	}
	l.mu.Unlock()
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// write makes the changes that wait, until there are none.
func (l *ledgerCounters) write() {
	for {
		l.mu.Lock()
		batch := l.waiting
		if len(batch) == 0 {
			l.writing = false
			l.mu.Unlock()
			return
		}
		if len(batch) > maxTogether {
			batch = batch[:maxTogether]
		}
		l.waiting = append([]*change(nil), l.waiting[len(batch):]...)
		l.mu.Unlock()
		err := l.commit(batch)
		for _, c := range batch {
			c.err = err
			close(c.done)
		}
	}
}

func (l *ledgerCounters) commit(batch []*change) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	prune := time.Since(l.pruned) > pruneEvery
	err := l.db.Write(ctx, func(tx ledger.Tx) error {
		b := newBooks()
		if err := b.load(ctx, tx, batch); err != nil {
			return err
		}
		for _, c := range batch {
			c.apply(b)
		}
		if err := b.save(ctx, tx); err != nil || !prune {
			return err
		}
		return forget(ctx, tx, batch[0].now)
	})
	if prune && err == nil {
		l.pruned = time.Now()
	}
	return err
}

// forget deletes some of what has ended.
func forget(ctx context.Context, tx ledger.Tx, now time.Time) error {
	args := []any{now.UnixMicro(), pruneSome}
	_, first := tx.Exec(ctx, `DELETE FROM anysms_counters WHERE key IN
		(SELECT key FROM anysms_counters WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2)`, args)
	_, second := tx.Exec(ctx, `DELETE FROM anysms_reservations WHERE id IN
		(SELECT id FROM anysms_reservations WHERE keep_until <= $1 ORDER BY keep_until LIMIT $2)`, args)
	return errors.Join(first, second)
}
