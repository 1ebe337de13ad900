package router_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
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

// campaign is a sequence of n messages with texts of their own.
func campaign(n int) iter.Seq[*provider.Message] {
	return func(yield func(*provider.Message) bool) {
		for i := range n {
			if !yield(text(fmt.Sprintf("message %d", i))) {
				return
			}
		}
	}
}

// outcomes sends a campaign and counts its outcomes.
func outcomes(t *testing.T, r *router.Router, ms iter.Seq[*provider.Message]) map[provider.Outcome]int {
	t.Helper()
	results, err := r.SendAll(t.Context(), ms)
	require.NoError(t, err)
	counts := make(map[provider.Outcome]int)
	for result := range results {
		counts[result.Status]++
	}
	return counts
}

// down is a vendor that is out for some time after it took some messages.
type down struct {
	after int
	until time.Duration // since the first message that it did not take
	err   error

	mu    sync.Mutex
	took  int
	since time.Time
}

func (d *down) answer(*provider.Message) memory.Answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.took < d.after {
		d.took++
		return memory.Answer{}
	}
	if d.since.IsZero() {
		d.since = time.Now()
	}
	if time.Since(d.since) < d.until {
		return memory.Answer{Err: d.err}
	}
	return memory.Answer{}
}

// What passes must not cost a campaign its messages.
func TestCampaignOutlivesAnOutage(t *testing.T) {
	refused := provider.NewError(provider.Unavailable, "connection refused")
	tests := map[string]*down{
		"a restart":           {after: 100, until: 100 * time.Millisecond, err: refused},
		"five minutes":        {after: 100, until: 5 * time.Minute, err: refused},
		"from the beginning":  {until: time.Minute, err: refused},
		"Retry-After: 60":     {after: 100, until: time.Second, err: &provider.Error{Code: provider.RateLimited, RetryAfter: time.Minute}},
		"503, Retry-After":    {after: 100, until: time.Second, err: &provider.Error{Code: provider.Unavailable, RetryAfter: 2 * time.Minute}},
		"no free threads":     {after: 100, until: 3 * time.Second, err: &provider.Error{Code: provider.Unavailable, VendorMessage: "no free threads"}},
		"rate limit, no time": {after: 100, until: 30 * time.Second, err: provider.NewError(provider.RateLimited, "slow down")},
	}
	for name, d := range tests {
		for _, batch := range []int{0, 10} {
			t.Run(fmt.Sprintf("%s, batch %d", name, batch), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					out := &down{after: d.after, until: d.until, err: d.err}
					a := vendor(t, memory.Config{Answer: out.answer, MaxBatch: 100})
					r := open(t, []router.Upstream{{Name: "a", Provider: a, Batch: batch}}, nil)
					assert.Equal(t, map[provider.Outcome]int{provider.OutcomeAccepted: 2000}, outcomes(t, r, campaign(2000)))
					assert.Len(t, a.Messages(), 2000)
				})
			})
		}
	}
}

// Two providers that are out one after the other.
func TestHoldPrefersAProviderThatWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &down{after: 10, until: time.Hour, err: provider.NewError(provider.Unavailable, "refused")}
		a, b := vendor(t, memory.Config{Answer: out.answer}), vendor(t, memory.Config{})
		r := two(t, a, b, nil)
		began := time.Now()
		assert.Equal(t, map[provider.Outcome]int{provider.OutcomeAccepted: 1000}, outcomes(t, r, campaign(1000)))
		assert.Less(t, time.Since(began), time.Minute)
		assert.Len(t, a.Messages(), 10)
		assert.Len(t, b.Messages(), 990)
	})
}

// After the hold the rest ends as not sent, quickly, and what the vendor takes again is
// sent.
func TestHoldEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &down{after: 100, until: 48 * time.Hour, err: provider.NewError(provider.Unavailable, "refused")}
		var notices []router.Notice
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{Answer: d.answer})}},
			&router.Options{Hold: 3 * time.Minute, OnNotice: watch(&notices, router.NoticeHold)})
		began := time.Now()
		assert.Equal(t, map[provider.Outcome]int{provider.OutcomeAccepted: 100, provider.OutcomeNotSent: 4900}, outcomes(t, r, campaign(5000)))
		assert.LessOrEqual(t, time.Since(began), 3*time.Minute+10*time.Second)
		assert.Greater(t, time.Since(began), 2*time.Minute, "the last probe that comes in time")
		assert.GreaterOrEqual(t, len(notices), 5, "every half minute")
		for _, n := range notices {
			assert.Equal(t, "a", n.Provider)
			assert.Positive(t, n.For)
			assert.NotEmpty(t, n.Reason)
		}
	})
}

// Off, a message is given up as by Send.
func TestHoldOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &down{after: 100, until: 10 * time.Second, err: provider.NewError(provider.Unavailable, "refused")}
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{Answer: d.answer})}}, &router.Options{Hold: -1})
		assert.Greater(t, outcomes(t, r, campaign(2000))[provider.OutcomeNotSent], 1000)
	})
}

func TestHoldIsAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &down{after: 10, until: 40 * time.Second, err: provider.NewError(provider.Unavailable, "connection refused by 30694123456")}
		var notices []router.Notice
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{Answer: d.answer})}},
			&router.Options{OnNotice: watch(&notices, router.NoticeHold, router.NoticeResumed)})
		outcomes(t, r, campaign(200))
		require.NotEmpty(t, notices)
		last := notices[len(notices)-1]
		assert.Equal(t, router.NoticeResumed, last.Kind)
		assert.InDelta(t, 60*time.Second, last.For, float64(25*time.Second))
		for _, n := range notices[:len(notices)-1] {
			assert.Equal(t, router.NoticeHold, n.Kind)
			assert.NotContains(t, n.Reason, "30694123456")
		}
		assert.LessOrEqual(t, len(notices), 4)
	})
}

// What needs a human is not waited for.
func TestAccountWideFailuresAreNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Code: provider.InsufficientFunds})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, nil)
		began := time.Now()
		assert.Equal(t, map[provider.Outcome]int{provider.OutcomeNotSent: 500}, outcomes(t, r, campaign(500)))
		assert.Less(t, time.Since(began), time.Minute)
	})
}

// A message that the provider alone does not take does not stop the others, nor wait
// until the hold is over.
func TestHoldKnowsTheMessageFromTheProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Delay: provider.Duration(10 * time.Millisecond), Answer: func(m *provider.Message) memory.Answer {
			if m.Text == "message 7" {
				return code(provider.Unavailable)
			}
			return memory.Answer{}
		}})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Breaker: router.Breaker{Failures: 1000}, Concurrency: 4})
		began := time.Now()
		got := outcomes(t, r, campaign(10_000))
		assert.Equal(t, map[provider.Outcome]int{provider.OutcomeAccepted: 9999, provider.OutcomeNotSent: 1}, got)
		assert.Less(t, time.Since(began), time.Minute)
	})
}

func TestHoldEndsWithTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Code: provider.Unavailable})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, nil)
		m := text("x")
		m.Deadline = time.Now().Add(time.Minute)
		began := time.Now()
		assert.Equal(t, map[provider.Outcome]int{provider.OutcomeNotSent: 1}, outcomes(t, r, slices.Values([]*provider.Message{m})))
		assert.LessOrEqual(t, time.Since(began), time.Minute)
	})
}

// A consumer that stops, a context that ends and an override do not wait for the hold.
func TestHoldCanBeCutShort(t *testing.T) {
	t.Run("the caller stops", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := &down{after: 1, until: time.Hour, err: provider.NewError(provider.Unavailable, "refused")}
			r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{Answer: d.answer})}}, nil)
			results, err := r.SendAll(t.Context(), campaign(10))
			require.NoError(t, err)
			began := time.Now()
			for range results {
				break
			}
			assert.Less(t, time.Since(began), 10*time.Second)
		})
	})
	t.Run("the context ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{Code: provider.Unavailable})}}, nil)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			time.AfterFunc(90*time.Second, cancel)
			began := time.Now()
			results, err := r.SendAll(ctx, campaign(10))
			require.NoError(t, err)
			for result := range results {
				assert.Equal(t, provider.OutcomeNotSent, result.Status)
			}
			assert.Equal(t, 90*time.Second, time.Since(began))
		})
	})
	t.Run("an override", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := vendor(t, memory.Config{})
			r := open(t, []router.Upstream{{Name: "a", Provider: a}}, nil)
			a.Script(memory.Answer{Err: &provider.Error{Code: provider.RateLimited, RetryAfter: 9 * time.Minute}})
			time.AfterFunc(time.Minute, func() { assert.NoError(t, r.SetOverride("a", router.OverrideIn)) })
			began := time.Now()
			assert.Equal(t, map[provider.Outcome]int{provider.OutcomeAccepted: 100}, outcomes(t, r, campaign(100)))
			assert.InDelta(t, time.Minute, time.Since(began), float64(5*time.Second))
		})
	})
}

// A process that ends during a hold leaves nothing in doubt.
func TestNothingIsInDoubtDuringAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, store := new(keeper), router.NewMemoryStore(0)
		a := vendor(t, memory.Config{Code: provider.Unavailable})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Journal: journal, Store: store})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		withRefs := func(yield func(*provider.Message) bool) {
			for m := range campaign(50) {
				m.Ref = strings.ReplaceAll(m.Text, " ", "-")
				if !yield(m) {
					return
				}
			}
		}
		results, err := r.SendAll(ctx, withRefs)
		require.NoError(t, err)
		time.AfterFunc(5*time.Minute, func() {
			last := make(map[string]router.JournalEntry)
			journal.mu.Lock()
			for _, e := range journal.entries {
				last[e.Key] = e
			}
			journal.mu.Unlock()
			assert.NotEmpty(t, last)
			for key, e := range last {
				assert.Equal(t, provider.OutcomeNotSent, e.Outcome)
				prior, err := store.Look(t.Context(), router.Claim{Ref: key, Owner: "another", Fingerprint: e.Fingerprint})
				assert.NoError(t, err)
				assert.Nil(t, prior)
			}
			cancel()
		})
		for result := range results {
			assert.Equal(t, provider.OutcomeNotSent, result.Status)
		}
	})
}

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

// A message that a vendor may have is not held for another one: its result is known as
// unknown at once.
func TestDoubtIsNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{Code: provider.Unavailable})
		a.Script(lost)
		m := text("x")
		m.Delivery = provider.AtLeastOnce
		began := time.Now()
		assert.Equal(t, map[provider.Outcome]int{provider.OutcomeUnknown: 1}, outcomes(t, two(t, a, b, nil), slices.Values([]*provider.Message{m})))
		assert.Less(t, time.Since(began), 30*time.Second)
	})
}

// The state that a plan shows is that of the breaker which lets less through.
func TestPlanShowsTheBreakerOfTheCountry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Retry: once, Breaker: router.Breaker{Failures: 1, OpenFor: 10 * time.Second, Jitter: -1}})
		state := func(m *provider.Message) router.BreakerState { return r.Plan(m).Candidates[0].Breaker }
		abroad := &provider.Message{To: german, Text: "x"}
		assert.Equal(t, router.BreakerClosed, state(text("x")))
		a.Script(memory.Answer{Err: &provider.Error{Code: provider.Unavailable, VendorCode: "97"}})
		_, _ = r.Send(t.Context(), text("x"))
		assert.Equal(t, router.BreakerOpen, state(text("x")))
		assert.Equal(t, router.BreakerClosed, state(abroad))
		time.Sleep(11 * time.Second)
		assert.Equal(t, router.BreakerHalfOpen, state(text("x")))
		a.Script(code(provider.Unavailable))
		_, _ = r.Send(t.Context(), abroad)
		assert.Equal(t, router.BreakerOpen, state(text("x")), "the provider's")
		assert.Equal(t, router.BreakerOpen, state(abroad))
		time.Sleep(11 * time.Second)
		assert.Equal(t, router.BreakerHalfOpen, state(abroad))
		_, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err, "a probe of both")
		assert.Equal(t, router.BreakerClosed, state(text("x")))
	})
}
