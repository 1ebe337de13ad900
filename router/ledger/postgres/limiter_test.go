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
	assert.Positive(t, taken.Load(), "it lets through something")
}

func TestLimiterHasPatience(t *testing.T) {
	const near = 200 * time.Millisecond
	for range 50 { // waits become shorter while the machine pauses: then it is done again
		l := limiters(t, 1, 1)[0]
		reserve := func(patience time.Duration) (wait time.Duration, ok bool) {
			wait, ok, err := l.Reserve(t.Context(), 1, patience)
			require.NoError(t, err)
			return wait, ok
		}
		began := time.Now()
		first, firstOK := reserve(0)
		second, secondOK := reserve(0)
		third, thirdOK := reserve(time.Minute)
		require.NoError(t, l.Return(t.Context(), 1, third))
		again, againOK := reserve(time.Minute)
		if time.Since(began) >= near {
			continue
		}
		assert.True(t, firstOK)
		assert.Zero(t, first)
		assert.False(t, secondOK, "without patience nothing is taken")
		assert.InDelta(t, time.Second, second, float64(near))
		assert.True(t, thirdOK)
		assert.Positive(t, third)
		assert.True(t, againOK)
		assert.InDelta(t, third, again, float64(near), "what was given back is used first")
		return
	}
	require.Fail(t, "the machine is too slow", "not once in 50 times within %s", near)
}

// TestLimiterCodesFirst lets one machine take all that a campaign can get, which has no
// patience: a code on another machine waits for the next unit, not for the campaign's.
func TestLimiterCodesFirst(t *testing.T) {
	const rate = 20
	list := limiters(t, 2, rate)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var campaign atomic.Int64
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				wait, ok, err := list[0].Reserve(ctx, 1, 0)
				switch {
				case err != nil:
				case ok:
					campaign.Add(1)
				default:
					time.Sleep(min(wait, 5*time.Millisecond))
				}
			}
		})
	}
	for range 10 {
		wait, ok, err := list[1].Reserve(t.Context(), 1, time.Second)
		require.NoError(t, err)
		require.True(t, ok)
		assert.LessOrEqual(t, wait, 2*time.Second/rate, "it is next, or follows a code that is")
		time.Sleep(2 * wait)
	}
	cancel()
	all.Wait()
	assert.Positive(t, campaign.Load(), "the campaign had what the codes left")
}
