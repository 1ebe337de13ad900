package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// Limiter is a [router.Limiter] that several machines share. It spaces units evenly by the
// clock of the server, and lets through those of a tenth of a second at once. It is safe
// for concurrent use.
//
// A machine that needs many units leases those of up to a tenth of a second at a time, so
// that not each of them costs a statement. What of a lease is not used in that time is
// lost. Whoever has patience reserves units ahead of those who have none.
type Limiter struct {
	pool  *pgxpool.Pool
	name  string
	every time.Duration // between two units
	most  int           // units in a lease

	mu   sync.Mutex
	free lease
	size int       // units of the next lease
	last time.Time // when the last one was taken
	full time.Time // until when the server is not asked again by those who would not wait so long
}

// lease are units that this machine has and has not used.
type lease struct {
	units       int
	from, until time.Time // when they may be used, and when they are lost
}

var _ router.Limiter = (*Limiter)(nil)

// leaseTime is how many units a lease has at most: those of this time.
const leaseTime = 100 * time.Millisecond

// fullTime is for how long nobody without patience asks the server again after it had
// nothing: a campaign must not stand between the server and a code. As the units of a
// tenth of a second are let through at once, nothing is lost.
const fullTime = leaseTime / 4

// NewLimiter returns a limiter of units per second in the database of a ledger, under a
// name that all machines use.
func NewLimiter(l *ledger.Ledger, name string, perSecond float64) (*Limiter, error) {
	db, ok := l.Database().(*database)
	if !ok {
		return nil, errors.New("ledger: the limiter needs a ledger in PostgreSQL")
	}
	if perSecond <= 0 || name == "" {
		return nil, errors.New("ledger: a limiter needs a name and a rate above 0")
	}
	return &Limiter{
		pool: db.pool, name: name, every: time.Duration(float64(time.Second) / perSecond),
		most: max(1, int(perSecond*leaseTime.Seconds())), size: 1,
	}, nil
}

// Reserve implements [router.Limiter].
func (l *Limiter) Reserve(ctx context.Context, n int, patience time.Duration) (wait time.Duration, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.After(l.free.until) {
		l.free = lease{}
	}
	if l.free.units >= n {
		if wait = max(0, l.free.from.Sub(now)); wait > patience {
			return wait, false, nil
		}
		l.free.units -= n
		return wait, true, nil
	}
	if wait = l.full.Sub(now); wait > patience {
		return wait, false, nil
	}
	l.resize(now)
	size := max(n, l.size)
	wait, ok, err = l.take(ctx, size, patience)
	if err == nil && !ok && size > n {
		l.size, size = 1, n
		wait, ok, err = l.take(ctx, size, patience)
	}
	if err != nil {
		return wait, false, err
	}
	if !ok {
		l.full = now.Add(max(wait, fullTime))
		return wait, false, nil
	}
	l.last = now
	if size > n {
		from := now.Add(wait)
		l.free = lease{size - n, from, from.Add(leaseTime)}
	}
	return wait, true, nil
}

// resize lets leases grow while they are taken in quick succession.
func (l *Limiter) resize(now time.Time) {
	if now.Sub(l.last) < leaseTime/2 {
		l.size = min(2*l.size, l.most)
	} else {
		l.size = 1
	}
}

// Return implements [router.Limiter]: this machine uses them next.
func (l *Limiter) Return(_ context.Context, n int, wait time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := time.Now().Add(max(0, wait))
	if from.Before(l.free.from) {
		from = l.free.from
	}
	l.free = lease{l.free.units + n, from, from.Add(leaseTime)}
	return nil
}

// takeUnits takes units of $2 microseconds, of which those of $3 may be used at once, if the
// wait is not longer than $4. It returns the wait, and whether they were taken. Nobody waits
// for the disk: all that a crash of the server can lose is what it let through shortly before.
const takeUnits = `WITH clock AS (
		SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now, set_config('synchronous_commit', 'off', true)
	),
	taken AS (
		INSERT INTO anysms_limits AS l (name, until_at) SELECT $1, now + $2 FROM clock
		ON CONFLICT (name) DO UPDATE SET until_at = GREATEST(l.until_at, EXCLUDED.until_at - $2) + $2
		WHERE GREATEST(l.until_at, EXCLUDED.until_at - $2) + $2 - $3 - (EXCLUDED.until_at - $2) <= $4
		RETURNING until_at
	)
	SELECT COALESCE((SELECT until_at FROM taken) - $3 - now,
		(SELECT until_at FROM anysms_limits WHERE name = $1) + $2 - $3 - now, 0), EXISTS (SELECT 1 FROM taken) FROM clock`

func (l *Limiter) take(ctx context.Context, n int, patience time.Duration) (time.Duration, bool, error) {
	cost := time.Duration(n) * l.every
	room := max(leaseTime, cost)
	var us int64
	var ok bool
	err := l.pool.QueryRow(ctx, takeUnits, l.name, cost.Microseconds(), room.Microseconds(), patience.Microseconds()).Scan(&us, &ok)
	if err != nil {
		return 0, false, fmt.Errorf("ledger: limiter %s: %w", l.name, err)
	}
	return time.Duration(max(0, us)) * time.Microsecond, ok, nil
}
