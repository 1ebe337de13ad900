package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// InFlightLimiter is a [router.InFlightLimiter] in the database of a ledger: a number of calls that may
// be under way at a vendor, shared by all processes that have calls to make. Each has what
// it wants, or an equal part. The share of a process that has ended is free at once. It is
// safe for concurrent use.
//
// With fewer calls than processes, some of them wait until others have nothing to send.
type InFlightLimiter struct {
	db    *database
	name  string
	limit int
}

var _ router.InFlightLimiter = (*InFlightLimiter)(nil)

// NewInFlightLimiter returns a limit of calls under way in the database of a ledger, under a name
// that all machines use.
func NewInFlightLimiter(l *ledger.Ledger, name string, limit int) (*InFlightLimiter, error) {
	db, ok := l.Database().(*database)
	if !ok {
		return nil, errors.New("ledger: a shared number of calls needs a ledger in PostgreSQL")
	}
	if limit < 1 || name == "" {
		return nil, errors.New("ledger: a shared number of calls needs a name and a limit of at least 1")
	}
	return &InFlightLimiter{db: db, name: name, limit: limit}, nil
}

// share is the row of one process.
type share struct {
	Run           int64
	Want, Granted int
}

// Share implements [router.InFlightLimiter].
func (f *InFlightLimiter) Share(ctx context.Context, want, held int) (limit int, err error) {
	err = pgx.BeginFunc(ctx, f.db.pool, func(t pgx.Tx) error {
		list, err := f.shares(ctx, t, want)
		if err != nil {
			return err
		}
		limit = fair(list, f.limit, f.db.run)
		_, err = t.Exec(ctx, `UPDATE anysms_shares SET granted = $3 WHERE name = $1 AND run = $2`, f.name, f.db.run, max(limit, held))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("ledger: calls under way at %s: %w", f.name, err)
	}
	return limit, nil
}

// shares notes what this process wants, and reads what all that live want and have.
func (f *InFlightLimiter) shares(ctx context.Context, t pgx.Tx, want int) (list []share, err error) {
	var b pgx.Batch
	b.Queue(`SELECT pg_advisory_xact_lock(hashtextextended('anysms share ' || current_schema() || ' ' || $1::text, 0))`, f.name)
	b.Queue(`DELETE FROM anysms_shares WHERE name = $1 AND run <> $2 AND run NOT IN (`+liveRuns+`)`, f.name, f.db.run)
	b.Queue(`INSERT INTO anysms_shares (name, run, want, granted) VALUES ($1, $2, $3, 0)
		ON CONFLICT (name, run) DO UPDATE SET want = excluded.want`, f.name, f.db.run, want)
	b.Queue(`SELECT run, want, granted FROM anysms_shares WHERE name = $1`, f.name).Query(func(rows pgx.Rows) (err error) {
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[share])
		return err
	})
	return list, t.SendBatch(ctx, &b).Close()
}

// fair is what a process may have: its part, as far as the others do not have it still.
// Who wants less than an equal part leaves the rest to the others.
func fair(list []share, limit int, run int64) int {
	slices.SortFunc(list, func(a, b share) int { return cmp.Or(cmp.Compare(a.Want, b.Want), cmp.Compare(a.Run, b.Run)) })
	part, left, free := 0, limit, limit
	for i, s := range list {
		mine := min(s.Want, left/(len(list)-i))
		left -= mine
		if s.Run == run {
			part = mine
		} else {
			free -= s.Granted
		}
	}
	return max(0, min(part, free))
}
