package riverqueue_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/queuetest"
	"github.com/anysms/anysms/router/queue/riverqueue"
)

// BenchmarkCode measures how long a one-time code takes behind a campaign. Both limits of
// the vendor are those that several machines share, as the command has them.
func BenchmarkCode(b *testing.B) {
	queuetest.BenchmarkCode(b, queuetest.Codes{
		Open: func(b *testing.B) *ledger.Ledger { return open(b, postgrestest.Schema(b)) },
		New: func(b *testing.B, l *ledger.Ledger, r *router.Router) *queue.Queue {
			q, err := riverqueue.New(b.Context(), l, r, queue.Options{})
			require.NoError(b, err)
			b.Cleanup(q.Close)
			return q.Queue
		},
		Limit: func(b *testing.B, l *ledger.Ledger, u *router.Upstream) {
			var err error
			u.Limiter, err = postgres.NewLimiter(l, u.Name, u.RateLimit)
			require.NoError(b, err)
			u.InFlight, err = postgres.NewInFlightLimiter(l, u.Name, router.DefaultMaxInFlight)
			require.NoError(b, err)
		},
		Ready: func(b *testing.B, l *ledger.Ledger) {
			pool, err := pgxpool.NewWithConfig(b.Context(), postgres.PoolConfig(l))
			require.NoError(b, err)
			defer pool.Close()
			_, err = pool.Exec(b.Context(), "ANALYZE") // as autovacuum does, but not in the middle of the measurement
			require.NoError(b, err)
		},
	})
}
