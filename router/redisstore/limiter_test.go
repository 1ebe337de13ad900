package redisstore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/redisstore"
)

func newLimiter(t *testing.T, client redis.UniversalClient, perSecond float64) *redisstore.Limiter {
	t.Helper()
	l, err := redisstore.NewLimiter(client, fmt.Sprint(t.Name(), time.Now().UnixNano()), perSecond)
	require.NoError(t, err)
	return l
}

// What one machine gives back another one can use, at the time for which it was
// reserved and once.
func TestSharedLimitTakesBack(t *testing.T) {
	client := start(t).client
	promptly(t, 80*time.Millisecond, func() func() { return takesBack(t, newLimiter(t, client, 10)) })
}

func takesBack(t *testing.T, l *redisstore.Limiter) (judge func()) {
	t.Helper()
	reserve := func(n int) time.Duration {
		t.Helper()
		wait, ok, err := l.Reserve(t.Context(), n, router.Forever)
		require.NoError(t, err)
		require.True(t, ok)
		return wait
	}
	const near = float64(80 * time.Millisecond)
	waits := make([]time.Duration, 21)
	for i := range waits {
		waits[i] = reserve(1)
	}
	require.NoError(t, l.Return(t.Context(), 1, waits[10]))
	require.NoError(t, l.Return(t.Context(), 1, waits[5]))
	first := reserve(1)
	_, ok, err := l.Reserve(t.Context(), 1, waits[10]-2*time.Duration(near))
	require.NoError(t, err)
	two, second, last := reserve(2), reserve(1), reserve(1)
	return func() {
		t.Helper()
		assert.InDelta(t, waits[5], first, near)
		assert.False(t, ok, "it is too late for this one")
		assert.InDelta(t, waits[20]+100*time.Millisecond, two, near, "too few units; two go at once")
		assert.InDelta(t, waits[10], second, near)
		assert.InDelta(t, waits[20]+300*time.Millisecond, last, near, "nothing is left")
	}
}

// A shared limiter that cannot be reached has its own rule, which the store's does not
// touch: the limit of this machine, or no call.
func TestLimiterIsDead(t *testing.T) {
	dead := func(t *testing.T) redis.UniversalClient {
		client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
		t.Cleanup(func() { assert.NoError(t, client.Close()) })
		return client
	}
	hanging := func(t *testing.T) redis.UniversalClient {
		client, hang, goOn := stoppable(t, start(t))
		hang()
		t.Cleanup(goOn)
		return client
	}
	for name, open := range map[string]func(*testing.T) redis.UniversalClient{"refuses": dead, "hangs": hanging} {
		for _, mode := range []router.FailureMode{"", router.FailOpen, router.FailClosed} {
			t.Run(name+", "+string(mode), func(t *testing.T) {
				vendor, err := memory.New(memory.Config{})
				require.NoError(t, err)
				var mu sync.Mutex
				var faults []error
				r, err := router.New([]router.Upstream{{Name: "a", Provider: vendor, RateLimit: 50, Limiter: newLimiter(t, open(t), 50), LimiterOnError: mode}},
					&router.Options{Hold: -1, OnNotice: func(n router.Notice) {
						mu.Lock()
						defer mu.Unlock()
						if n.Kind == router.NoticeFault {
							faults = append(faults, n.Err)
						}
					}})
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				began := time.Now()
				for range 20 {
					res, _ := r.Send(ctx, message(""))
					if mode == router.FailClosed {
						require.Equal(t, provider.OutcomeNotSent, res.Status)
						assert.Contains(t, res.Skipped[0].Reason, "its rate limiter cannot be reached")
						break
					}
					require.Equal(t, provider.OutcomeAccepted, res.Status, res.Message)
				}
				if mode != router.FailClosed {
					assert.Equal(t, 20, vendor.Accepted())
					assert.GreaterOrEqual(t, time.Since(began), 14*20*time.Millisecond, "the limit of this machine is in force")
					mu.Lock()
					defer mu.Unlock()
					require.NotEmpty(t, faults)
					assert.LessOrEqual(t, len(faults), 5, "it is not asked for every message")
				}
				assert.Less(t, time.Since(began), 15*time.Second)
			})
		}
	}
}
