package postgres_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

// limiters are of several machines.
func limiters(t *testing.T, n int, perSecond float64) (list []*postgres.Limiter) {
	t.Helper()
	address := postgrestest.Schema(t)
	for range n {
		l, err := postgres.Open(t.Context(), address, ledger.Options{Key: testKey})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		limiter, err := postgres.NewLimiter(l, "athens", perSecond)
		require.NoError(t, err)
		list = append(list, limiter)
	}
	return list
}

// TestLimiterOfSeveralMachines counts what two machines let through together.
func TestLimiterOfSeveralMachines(t *testing.T) {
	const rate = 200
	list := limiters(t, 2, rate)
	var taken atomic.Int64
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for ctx.Err() == nil {
				wait, ok, err := list[i%2].Reserve(ctx, 1, time.Second)
				if err != nil || !ok {
					continue
				}
				select {
				case <-time.After(wait):
					taken.Add(1)
				case <-ctx.Done():
				}
			}
		})
	}
	all.Wait()
	most := rate*time.Since(began).Seconds() + 2*rate/10 // and a lease for each machine
	t.Logf("%d of at most %.0f", taken.Load(), most)
	assert.LessOrEqual(t, float64(taken.Load()), most)
	assert.Greater(t, taken.Load(), int64(rate/2), "it lets through something")
}

func TestLimiterHasPatience(t *testing.T) {
	l := limiters(t, 1, 1)[0]
	wait, ok, err := l.Reserve(t.Context(), 1, 0)
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Zero(t, wait)
	wait, ok, err = l.Reserve(t.Context(), 1, 0)
	require.NoError(t, err)
	assert.False(t, ok, "without patience nothing is taken")
	assert.InDelta(t, time.Second, wait, float64(500*time.Millisecond))
	wait, ok, err = l.Reserve(t.Context(), 1, time.Minute)
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Positive(t, wait)
	require.NoError(t, l.Return(t.Context(), 1, wait))
	again, ok, err := l.Reserve(t.Context(), 1, time.Minute)
	require.NoError(t, err)
	assert.True(t, ok)
	assert.InDelta(t, wait, again, float64(200*time.Millisecond), "what was given back is used first")
}
