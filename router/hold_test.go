package router_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
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

// The notice says why, in the vendor's words if there are any.
func TestReasonOfAHold(t *testing.T) {
	for said, want := range map[string]string{"": "unavailable", "no free threads": "unavailable: no free threads"} {
		synctest.Test(t, func(t *testing.T) {
			d := &down{until: 10 * time.Second, err: provider.NewError(provider.Unavailable, said)}
			var notices []router.Notice
			r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{Answer: d.answer})}}, &router.Options{
				Breaker: router.Breaker{Failures: 1000, Ratio: -1}, OnNotice: watch(&notices, router.NoticeHold),
			})
			outcomes(t, r, campaign(1))
			require.NotEmpty(t, notices)
			assert.Equal(t, want, notices[0].Reason)
		})
	}
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

// A process that ends during a hold leaves nothing in doubt, and no claim.
func TestNothingIsInDoubtDuringAHold(t *testing.T) {
	for name, c := range map[string]struct{ journal, store bool }{"journal": {journal: true}, "store": {store: true}, "both": {true, true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				journal, store := new(keeper), router.NewMemoryStore(0)
				o := &router.Options{}
				if c.journal {
					o.Journal = journal
				}
				if c.store {
					o.Store = store
				}
				r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{Code: provider.Unavailable})}}, o)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var all []*provider.Message
				for m := range campaign(50) {
					m.Ref = strings.ReplaceAll(m.Text, " ", "-")
					all = append(all, m)
				}
				results, err := r.SendAll(ctx, slices.Values(all))
				require.NoError(t, err)
				time.AfterFunc(5*time.Minute, func() {
					last := make(map[string]router.JournalEntry)
					journal.mu.Lock()
					for _, e := range journal.entries {
						last[e.Key] = e
					}
					journal.mu.Unlock()
					assert.Equal(t, c.journal, len(last) > 0)
					for _, e := range last {
						assert.Equal(t, provider.OutcomeNotSent, e.Outcome)
					}
					for _, m := range all {
						prior, err := store.Look(t.Context(), router.Claim{Ref: m.Ref, Owner: "another", Fingerprint: router.Fingerprint(m)})
						assert.NoError(t, err)
						assert.Nil(t, prior)
					}
					cancel()
				})
				for result := range results {
					assert.Equal(t, provider.OutcomeNotSent, result.Status)
				}
			})
		})
	}
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
