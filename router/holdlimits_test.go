package router_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// A vendor's pause is bounded, and an override lifts it.
func TestPauseIsBounded(t *testing.T) {
	for _, asked := range []time.Duration{time.Hour, 365 * 24 * time.Hour, 1<<63 - 1} {
		synctest.Test(t, func(t *testing.T) {
			a := vendor(t, memory.Config{})
			providers := []router.Upstream{{Name: "a", Provider: a}}
			r := open(t, providers, &router.Options{Hold: -1, Retry: router.Retry{MaxPark: time.Hour / 2}})
			pause := func() {
				a.Script(memory.Answer{Err: &provider.Error{Code: provider.RateLimited, RetryAfter: asked}})
				_, err := r.Send(t.Context(), text("x"))
				require.ErrorIs(t, err, provider.RateLimited)
			}
			pause()
			require.NotNil(t, r.States()[0].ParkedUntil)
			assert.Equal(t, time.Now().Add(time.Hour/2), *r.States()[0].ParkedUntil)
			time.Sleep(time.Hour/2 + time.Second)
			_, err := r.Send(t.Context(), text("x"))
			require.NoError(t, err)

			pause()
			require.NoError(t, r.SetOverride("a", router.OverrideIn))
			require.NoError(t, r.SetOverride("a", router.OverrideAuto))
			_, err = r.Send(t.Context(), text("x"))
			require.NoError(t, err, "lifted")

			pause()
			_, err = r.Reload(providers, &router.Options{Hold: -1, Retry: router.Retry{MaxPark: time.Minute}})
			require.NoError(t, err)
			assert.Equal(t, time.Now().Add(time.Minute), *r.States()[0].ParkedUntil)
		})
	}
}

// The turns of a provider that is out are shared out by weight.
func TestWeightsWhileAProviderIsOut(t *testing.T) {
	outs := map[string]func(t *testing.T, r *router.Router, a *memory.Provider){
		"open": func(t *testing.T, r *router.Router, a *memory.Provider) {
			a.Script(code(provider.Unavailable))
		},
		"parked": func(t *testing.T, r *router.Router, a *memory.Provider) {
			a.Script(memory.Answer{Err: &provider.Error{Code: provider.RateLimited, RetryAfter: time.Minute}})
		},
		"overridden": func(t *testing.T, r *router.Router, _ *memory.Provider) {
			require.NoError(t, r.SetOverride("a", router.OverrideOut))
		},
	}
	for name, takeOut := range outs {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, c := vendor(t, memory.Config{}), vendor(t, memory.Config{}), vendor(t, memory.Config{})
				targets := []router.Target{{Name: "a", Weight: 5}, {Name: "b", Weight: 3}, {Name: "c", Weight: 2}}
				r := open(t, []router.Upstream{{Name: "a", Provider: a}, {Name: "b", Provider: b}, {Name: "c", Provider: c}},
					&router.Options{Routes: []router.Route{{Strategy: router.Weighted, Targets: targets}}, Breaker: router.Breaker{Failures: 1, OpenFor: time.Hour}})
				takeOut(t, r, a)
				first := make(map[string]int)
				for i := range 101 {
					res, err := r.Send(t.Context(), text("x"))
					require.NoError(t, err)
					if i > 0 {
						first[res.Provider]++
					}
				}
				assert.InDelta(t, 60, first["b"], 1)
				assert.InDelta(t, 40, first["c"], 1)
			})
		})
	}
}

// A limit is one, whatever is reloaded while it is in force.
func TestLimitsOutliveAReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		a := vendor(t, memory.Config{Answer: func(*provider.Message) memory.Answer {
			calls.Add(1)
			return memory.Answer{Delay: time.Second}
		}})
		with := func(inFlight int, rate float64) []router.Upstream {
			return []router.Upstream{{Name: "a", Provider: a, MaxInFlight: inFlight, RateLimit: rate}}
		}
		r := open(t, with(2, 0), nil)
		done := make(chan int, 1)
		go func() {
			results, err := r.SendAll(t.Context(), campaign(60))
			accepted := 0
			if assert.NoError(t, err) {
				for _, err := range results {
					if err == nil {
						accepted++
					}
				}
			}
			done <- accepted
		}()
		single := make(chan error, 20)
		for range 20 {
			go func() {
				_, err := r.Send(t.Context(), text("x"))
				single <- err
			}()
		}
		for range 10 {
			time.Sleep(time.Second)
			_, err := r.Reload(with(2, 0), nil)
			require.NoError(t, err)
		}
		time.Sleep(time.Second / 2)
		assert.Equal(t, int64(22), calls.Load(), "two a second")
		_, err := r.Reload(with(5, 0), nil)
		require.NoError(t, err)
		synctest.Wait()
		assert.Equal(t, int64(25), calls.Load(), "more room is used at once, by those who wait already")
		_, err = r.Reload(with(5, 1), nil)
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		before := calls.Load()
		for range 5 {
			time.Sleep(time.Second)
			_, err := r.Reload(with(5, 1), nil)
			require.NoError(t, err)
		}
		assert.LessOrEqual(t, calls.Load()-before, int64(6))
		assert.Equal(t, 60, <-done)
		for range 20 {
			require.NoError(t, <-single)
		}
	})
}

// Those who give up return what they have reserved, and the rate holds nevertheless.
func TestCancelledWaitersReturnTheirTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var times []time.Time
		a := vendor(t, memory.Config{Answer: func(*provider.Message) memory.Answer {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Now())
			return memory.Answer{}
		}})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, RateLimit: 10, SegmentRate: 10, MaxInFlight: -1}}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan bool)
		for i := range 1000 {
			c := ctx
			if i%100 == 99 {
				c = t.Context()
			}
			go func() {
				_, _ = r.Send(c, text("x"))
				done <- true
			}()
			synctest.Wait()
		}
		cancel()
		for range 990 {
			<-done
		}
		before := len(times)
		began := time.Now()
		for range 100 {
			_, err := r.Send(t.Context(), text("x"))
			require.NoError(t, err)
		}
		assert.Less(t, time.Since(began), 12*time.Second, "not after the thousand")
		for range 10 {
			<-done
		}
		assert.Equal(t, before+110, len(times))
		for i := before + 1; i < len(times); i++ { // the first second's burst is over
			j := i
			for j < len(times) && times[j].Sub(times[i]) < time.Second {
				j++
			}
			assert.LessOrEqual(t, j-i, 12, "in the second from %s", times[i].Sub(began))
		}
	})
}

// counted counts batches.
type counted struct {
	*memory.Provider
	batches atomic.Int64
}

func (c *counted) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	c.batches.Add(1)
	return c.Provider.SendBatch(ctx, ms)
}

// A batch of more segments than a burst goes all the same.
func TestSegmentRateAllowsBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &counted{Provider: vendor(t, memory.Config{MaxBatch: 50})}
		r := open(t, []router.Upstream{{Name: "a", Provider: a, Batch: 50, SegmentRate: 20}}, nil)
		began := time.Now()
		assert.Equal(t, map[provider.Outcome]int{provider.OutcomeAccepted: 200}, outcomes(t, r, campaign(200)))
		assert.Equal(t, int64(4), a.batches.Load())
		assert.InDelta(t, 150.0/20, time.Since(began).Seconds(), 0.5)
	})
}
