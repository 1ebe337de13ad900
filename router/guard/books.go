package guard

import (
	"context"
	"encoding/json"
	"time"

	"github.com/anysms/anysms/router/ledger"
)

// books are the counters and reservations that a transaction works on. What is changed is
// written back.
type books struct {
	counters     map[string]*entry
	reservations map[string]*reserved
}

type entry struct {
	counter
	changed bool
}

// reserved is a reservation of a message.
type reserved struct {
	keep    int64 // Unix microseconds; 0 = there is none
	shares  []sharedShare
	changed bool
}

// sharedShare is what a reservation has added to a counter.
type sharedShare struct {
	Key    string `json:"key"`
	Amount int64  `json:"amount"`
	Ends   int64  `json:"ends"` // of the counter's window
}

func newBooks() *books {
	return &books{make(map[string]*entry), make(map[string]*reserved)}
}

// load reads what the changes need: their reservations, then their counters and those of
// their reservations.
func (b *books) load(ctx context.Context, tx ledger.Tx, batch []*change) error {
	var ids, keys []string
	for _, c := range batch {
		if keys = append(keys, c.keys...); c.id != "" {
			ids = append(ids, c.id)
		}
	}
	if err := b.loadReservations(ctx, tx, ids); err != nil {
		return err
	}
	for _, r := range b.reservations {
		for _, s := range r.shares {
			keys = append(keys, s.Key)
		}
	}
	return b.loadCounters(ctx, tx, keys)
}

func (b *books) loadReservations(ctx context.Context, tx ledger.Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.Query(ctx, func(scan func(...any) error) error {
		var id, shares string
		r := new(reserved)
		if err := scan(&id, &r.keep, &shares); err != nil {
			return err
		}
		b.reservations[id] = r
		return json.Unmarshal([]byte(shares), &r.shares)
	}, `SELECT id, keep_until, shares FROM anysms_reservations WHERE id = ANY($1)`, ids)
}

func (b *books) loadCounters(ctx context.Context, tx ledger.Tx, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return tx.Query(ctx, func(scan func(...any) error) error {
		var key string
		e := new(entry)
		err := scan(&key, &e.level, &e.ends)
		b.counters[key] = e
		return err
	}, `SELECT key, level, ends_at FROM anysms_counters WHERE key = ANY($1)`, keys)
}

const (
	putCounter = `INSERT INTO anysms_counters (key, level, ends_at) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET level = excluded.level, ends_at = excluded.ends_at`
	putReservation = `INSERT INTO anysms_reservations (id, keep_until, shares) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET keep_until = excluded.keep_until, shares = excluded.shares`
)

func (b *books) save(ctx context.Context, tx ledger.Tx) error {
	var counters, reservations, gone [][]any
	for key, e := range b.counters {
		if e.changed {
			counters = append(counters, []any{key, e.level, e.ends})
		}
	}
	for id, r := range b.reservations {
		switch {
		case !r.changed:
		case r.keep == 0:
			gone = append(gone, []any{id})
		default:
			shares, err := json.Marshal(r.shares)
			if err != nil {
				return err
			}
			reservations = append(reservations, []any{id, r.keep, string(shares)})
		}
	}
	for _, s := range []struct {
		sql  string
		rows [][]any
	}{{putCounter, counters}, {putReservation, reservations}, {`DELETE FROM anysms_reservations WHERE id = $1`, gone}} {
		if len(s.rows) == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, s.sql, s.rows...); err != nil {
			return err
		}
	}
	return nil
}

// find returns the counter of a charge and sets the charge's level.
func (b *books) find(key string, at int64, c *Charge) *entry {
	e := b.counters[key]
	if e == nil {
		e = new(entry)
		b.counters[key] = e
	}
	ends := c.Ends.UnixMicro()
	c.Level, c.Resets = 0, c.Ends
	switch {
	case e.ends <= at:
		e.counter = counter{0, ends}
	case e.ends > ends: // a clock has gone back
		e.ends, e.changed = ends, true
	case e.ends < ends:
		c.Resets = time.UnixMicro(e.ends)
	}
	c.Level = e.level
	return e
}

func (b *books) reserve(c *change, keep time.Time, charges []Charge) (held bool, over int) {
	at := c.now.UnixMicro()
	if r := b.reservations[c.id]; c.id != "" && r != nil && r.keep > at {
		return true, -1
	}
	over = -1
	for i := range charges {
		b.find(c.keys[i], at, &charges[i])
		if over < 0 && charges[i].Level+charges[i].Amount > charges[i].Limit {
			over = i
		}
	}
	if over >= 0 {
		return false, over
	}
	shares := make([]sharedShare, len(charges))
	for i := range charges {
		e := b.add(c.keys[i], at, &charges[i])
		shares[i] = sharedShare{c.keys[i], charges[i].Amount, e.ends}
	}
	if c.id != "" {
		b.reservations[c.id] = &reserved{keep: keep.UnixMicro(), shares: shares, changed: true}
	}
	return false, -1
}

func (b *books) add(key string, at int64, c *Charge) *entry {
	e := b.find(key, at, c)
	e.change(c.Amount)
	c.Level = e.level
	return e
}

func (e *entry) change(amount int64) {
	e.changed = true
	if e.level = max(0, e.level+amount); e.level == 0 {
		e.ends = 0 // the next window begins with the next charge
	}
}

// giveBack returns a reservation to its counters, as far as their windows are the same.
func (b *books) giveBack(c *change) {
	at := c.now.UnixMicro()
	r := b.reservations[c.id]
	if r == nil || r.keep <= at {
		return
	}
	for _, s := range r.shares {
		if e := b.counters[s.Key]; e != nil && e.ends > at && e.ends <= s.Ends {
			e.change(-s.Amount)
		}
	}
	b.reservations[c.id] = &reserved{changed: true}
}
