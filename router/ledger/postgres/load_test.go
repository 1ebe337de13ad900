package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

// TestServerUnderLoad has reports come from many vendors at once while the server is far
// away, cancels statements, or another session holds a table: who was told that a report is
// recorded finds it, each caller's deadline ends its wait, and afterwards nothing is left of
// it: no connection stays taken.
func TestServerUnderLoad(t *testing.T) {
	address := postgrestest.Schema(t)
	network, through := postgrestest.NewNetwork(t, address)
	l, err := postgres.Open(t.Context(), through, ledger.Options{Key: testKey})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	impatient, err := postgres.Open(t.Context(), address+"&statement_timeout=1500", ledger.Options{Key: testKey})
	require.NoError(t, err)
	defer func() { require.NoError(t, impatient.Close()) }()
	other, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close(context.Background())) }()

	var acknowledged, refused atomic.Int64
	load := func(l *ledger.Ledger, name string, each time.Duration) {
		var work sync.WaitGroup
		for i := range 48 {
			work.Go(func() {
				limited, cancel := context.WithTimeout(t.Context(), each)
				defer cancel()
				if _, err := l.Record(limited, "athens", slowReport(fmt.Sprint(name, "-", i))); err != nil {
					refused.Add(1)
					return
				}
				acknowledged.Add(1)
			})
		}
		work.Wait() // that it ends is what is tested
	}
	network.Delay(100 * time.Millisecond)
	load(l, "far", time.Minute)
	assert.Zero(t, refused.Load(), "far away is no reason to fail")
	load(l, "hurried", 150*time.Millisecond)
	network.Delay(0)

	held, err := other.Begin(t.Context())
	require.NoError(t, err)
	_, err = held.Exec(t.Context(), "LOCK TABLE anysms_events IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	before := acknowledged.Load()
	load(l, "locked", 400*time.Millisecond)
	assert.Equal(t, before, acknowledged.Load(), "nothing can be recorded, so nothing is acknowledged")
	load(l, "refused by lock_timeout", 10*time.Second)
	load(impatient, "cancelled by statement_timeout", 10*time.Second)
	assert.Equal(t, before, acknowledged.Load())
	require.NoError(t, held.Rollback(t.Context()))

	before = refused.Load()
	load(l, "after", time.Minute)
	assert.Equal(t, before, refused.Load(), "nothing outlives the lock")
	before = acknowledged.Load()
	load(impatient, "after that", time.Minute)
	assert.Greater(t, acknowledged.Load(), before, "nor a statement that was cancelled; a slow server cancels some again")
	n, err := l.Unmatched(t.Context())
	require.NoError(t, err)
	assert.GreaterOrEqual(t, int64(n), acknowledged.Load(), "what was acknowledged is there")
	assert.LessOrEqual(t, n, 7*48, "and once")
}
