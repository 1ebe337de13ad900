package ledger

import (
	"context"
	"time"
)

// Lease gives an owner the lease of a name, or renews it, for a time from now on. held
// reports whether the owner has it: else another one does, whose time is not over. The
// clocks of the machines should not differ by more than a fraction of that time.
func (l *Ledger) Lease(ctx context.Context, name, owner string, d time.Duration) (held bool, err error) {
	now := time.Now()
	err = l.db.Write(ctx, func(tx Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO anysms_cursors (name, value, updated_at) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
			WHERE anysms_cursors.value = $2 OR anysms_cursors.updated_at < $4`,
			[]any{leaseOf(name), owner, micros(now.Add(d)), micros(now)})
		held = n > 0
		return err
	})
	return held && err == nil, keepVerdict(err)
}

// EndLease gives up a lease, so that another owner need not wait for its end.
func (l *Ledger) EndLease(ctx context.Context, name, owner string) error {
	return keepVerdict(l.db.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM anysms_cursors WHERE name = $1 AND value = $2`, []any{leaseOf(name), owner})
		return err
	}))
}

// leaseOf is the row of a lease among the cursors: its value is the owner, its
// updated_at the end.
func leaseOf(name string) string { return "lease." + clean(name) }
