package router_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// watch collects notices.
func watch(into *[]router.Notice, kinds ...router.NoticeKind) func(router.Notice) {
	var mu sync.Mutex
	return func(n router.Notice) {
		mu.Lock()
		defer mu.Unlock()
		if slices.Contains(kinds, n.Kind) {
			*into = append(*into, n)
		}
	}
}

var once = router.Retry{MaxAttempts: 1}

func TestBreakerOpensAndProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
		var seen []router.Notice
		r := two(t, a, b, &router.Options{
			Retry: once, Breaker: router.Breaker{Failures: 3, OpenFor: 10 * time.Second, Jitter: -1}, OnNotice: watch(&seen, router.NoticeBreaker),
		})
		a.Script(code(provider.Unavailable), code(provider.Unavailable), code(provider.Unavailable))
		for range 3 {
			res, err := r.Send(t.Context(), text("x"))
			require.NoError(t, err)
			assert.Equal(t, "a:not_sent b:accepted", trail(res))
		}
		res, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		assert.Equal(t, "b:accepted", trail(res))
		assert.Equal(t, []router.Skip{{Provider: "a", Reason: "its circuit breaker is open"}}, res.Skipped)
		assert.Equal(t, router.BreakerOpen, r.States()[0].Breaker)
		assert.Equal(t, "its circuit breaker is open", r.Plan(text("x")).Candidates[0].Reason)

		time.Sleep(10*time.Second + 1)
		a.Script(code(provider.Unavailable))
		res, err = r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		assert.Equal(t, "a:not_sent b:accepted", trail(res), "the probe fails")
		assert.Equal(t, router.BreakerOpen, r.States()[0].Breaker)

		time.Sleep(10*time.Second + 1)
		res, err = r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		assert.Equal(t, "a:accepted", trail(res), "the probe succeeds")
		var states []router.BreakerState
		for _, n := range seen {
			assert.Equal(t, "a", n.Provider)
			states = append(states, n.To)
		}
		assert.Equal(t, []router.BreakerState{router.BreakerOpen, router.BreakerHalfOpen, router.BreakerOpen, router.BreakerHalfOpen, router.BreakerClosed}, states)
	})
}

// gobreaker's defaults get this wrong: refusals and cancellations open it, and a
// steady failure rate of one half never does.
func TestBreakerCountsWhatItShould(t *testing.T) {
	send := func(t *testing.T, opts *router.Options, answers ...memory.Answer) router.BreakerState {
		a := vendor(t, memory.Config{})
		a.Script(answers...)
		opts.Retry = once
		r := two(t, a, vendor(t, memory.Config{}), opts)
		for range answers {
			_, _ = r.Send(t.Context(), text("x"))
		}
		return r.States()[0].Breaker
	}
	repeat := func(n int, as ...memory.Answer) (all []memory.Answer) {
		for range n {
			all = append(all, as...)
		}
		return all
	}
	ok := memory.Answer{}
	tests := []struct {
		name    string
		answers []memory.Answer
		want    router.BreakerState
	}{
		{"refusals", repeat(30, code(provider.InvalidRecipient)), router.BreakerClosed},
		{"refusals of this vendor", repeat(30, code(provider.NoRoute)), router.BreakerClosed},
		{"doubt", repeat(5, code(provider.Indeterminate)), router.BreakerOpen},
		{"steady half", repeat(20, ok, code(provider.Unavailable)), router.BreakerOpen},
		{"a third", repeat(20, ok, ok, code(provider.Unavailable)), router.BreakerClosed},
		{"half of too few", repeat(9, ok, code(provider.Unavailable)), router.BreakerClosed},
		{"refusals do not dilute failures", repeat(5, code(provider.Rejected), code(provider.Unavailable)), router.BreakerOpen},
		{"unauthenticated", repeat(1, code(provider.Unauthenticated)), router.BreakerOpen},
		{"insufficient funds", repeat(1, code(provider.InsufficientFunds)), router.BreakerOpen},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { assert.Equal(t, tt.want, send(t, &router.Options{}, tt.answers...)) })
		})
	}
}

func TestBreakerWindowExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := two(t, a, vendor(t, memory.Config{}), &router.Options{Retry: once, Breaker: router.Breaker{Failures: 5}})
		for range 3 {
			for range 4 {
				a.Script(code(provider.Unavailable))
				_, _ = r.Send(t.Context(), text("x"))
			}
			time.Sleep(2 * time.Minute)
		}
		assert.Equal(t, router.BreakerClosed, r.States()[0].Breaker)
	})
}

func TestBreakerIgnoresAttemptsEndedByUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := vendor(t, memory.Config{Delay: provider.Duration(time.Minute)})
		r := open(t, []router.Upstream{{Name: "a", Provider: slow}}, &router.Options{Breaker: router.Breaker{Failures: 2}})
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := r.Send(ctx, text("x"))
			require.ErrorIs(t, err, provider.Indeterminate)
			cancel()

			ctx, cancel = context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			_, err = r.Send(ctx, text("x"))
			require.ErrorIs(t, err, context.Canceled)
		}
		assert.Equal(t, router.BreakerClosed, r.States()[0].Breaker)
		for range 2 {
			_, err := r.Send(t.Context(), text("x"))
			require.ErrorContains(t, err, "provider's timeout")
		}
		assert.Equal(t, router.BreakerOpen, r.States()[0].Breaker, "its own timeout counts")
	})
}

func TestRefusalClosesHalfOpenBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := two(t, a, vendor(t, memory.Config{}), &router.Options{Retry: once, Breaker: router.Breaker{Failures: 1, OpenFor: time.Second}})
		a.Script(code(provider.Unavailable), code(provider.NoRoute))
		_, _ = r.Send(t.Context(), text("x"))
		time.Sleep(2 * time.Second)
		_, _ = r.Send(t.Context(), text("x"))
		assert.Equal(t, router.BreakerClosed, r.States()[0].Breaker)
	})
}

func TestEveryBreakerOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := memory.Config{Code: provider.Unavailable}
		for _, lastResort := range []bool{false, true} {
			a, b := vendor(t, down), vendor(t, down)
			r := two(t, a, b, &router.Options{Retry: once, Breaker: router.Breaker{Failures: 1, LastResort: lastResort}})
			_, _ = r.Send(t.Context(), text("x"))
			res, err := r.Send(t.Context(), text("x"))
			require.ErrorIs(t, err, provider.Unavailable)
			assert.Equal(t, provider.OutcomeNotSent, res.Status)
			if lastResort {
				assert.Equal(t, "a:not_sent", trail(res), "the one that opened first is tried, once")
				continue
			}
			assert.Empty(t, res.Attempts)
			assert.Len(t, res.Skipped, 2)
		}
	})
}

func TestOverrides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
		r := two(t, a, b, &router.Options{Retry: once, Breaker: router.Breaker{Failures: 1}})
		require.NoError(t, r.SetOverride("a", router.OverrideOut))
		res, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		assert.Equal(t, "b:accepted", trail(res))
		assert.Contains(t, res.Skipped[0].Reason, "override")

		require.NoError(t, r.SetOverride("a", router.OverrideIn))
		a.Script(code(provider.Unavailable), code(provider.Unavailable))
		for range 2 {
			res, err = r.Send(t.Context(), text("x"))
			require.NoError(t, err)
			assert.Equal(t, "a:not_sent b:accepted", trail(res), "an override stands above the breaker")
		}
		require.NoError(t, r.SetOverride("a", router.OverrideAuto))
		require.Error(t, r.SetOverride("a", "sideways"))
		require.ErrorContains(t, r.SetOverride("z", router.OverrideIn), `unknown provider "z"`)
	})
}

// A failure with a vendor's words may be that of one country; one without is that of the
// provider.
func TestFailuresPerCountry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, words := range []provider.Error{{VendorCode: "97"}, {VendorMessage: "no termination"}} {
			a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
			var seen []router.Notice
			r := two(t, a, b, &router.Options{Retry: once, Breaker: router.Breaker{Failures: 2}, OnNotice: watch(&seen, router.NoticeBreaker)})
			words.Code = provider.Unavailable
			a.Script(memory.Answer{Err: &words}, memory.Answer{Err: &words})
			for range 2 {
				_, _ = r.Send(t.Context(), text("x"))
			}
			german := &provider.Message{To: german, Text: "x"}
			res, err := r.Send(t.Context(), german)
			require.NoError(t, err)
			assert.Equal(t, "a:accepted", trail(res))
			res, err = r.Send(t.Context(), text("x"))
			require.NoError(t, err)
			assert.Equal(t, "b:accepted", trail(res))
			require.Len(t, seen, 1)
			assert.Equal(t, "GR", seen[0].Country)
			assert.Equal(t, router.BreakerClosed, r.States()[0].Breaker)
			assert.Equal(t, map[string]router.BreakerState{"GR": router.BreakerOpen}, r.States()[0].Countries)

			time.Sleep(time.Minute)
			res, err = r.Send(t.Context(), text("x"))
			require.NoError(t, err)
			assert.Equal(t, "a:accepted", trail(res), "the probe")
			assert.Empty(t, r.States()[0].Countries)
		}
	})
}

func TestFailuresOfTheProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
		r := two(t, a, b, &router.Options{Retry: once, Breaker: router.Breaker{Failures: 2}})
		a.Script(code(provider.Unavailable), code(provider.Unavailable))
		british := &provider.Message{To: e164.MustParse("+447400123456"), Text: "x"}
		_, _ = r.Send(t.Context(), text("x"))
		_, _ = r.Send(t.Context(), british)
		german := &provider.Message{To: german, Text: "x"}
		res, err := r.Send(t.Context(), german)
		require.NoError(t, err)
		assert.Equal(t, "b:accepted", trail(res), "without an answer, failures count together")

		time.Sleep(time.Minute)
		_, err = r.Send(t.Context(), british)
		require.NoError(t, err)
		a.Script(code(provider.InsufficientFunds))
		_, _ = r.Send(t.Context(), german)
		res, err = r.Send(t.Context(), british)
		require.NoError(t, err)
		assert.Equal(t, "b:accepted", trail(res), "an empty account is so for every country")
	})
}

func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
		var duplicates []router.Notice
		r := two(t, a, b, &router.Options{OnNotice: watch(&duplicates, router.NoticeDuplicate)})
		a.Script(lost)
		m := text("hello")
		m.Ref, m.Delivery = "r1", provider.AtLeastOnce
		_, err := r.Send(t.Context(), m)
		require.NoError(t, err)

		single := referred("single", "hello")
		_, err = r.Send(t.Context(), single)
		require.NoError(t, err)
		for _, e := range []provider.Event{
			{Kind: provider.Inbound, Ref: "r1", Status: provider.StatusDelivered},
			{Kind: provider.Report, Ref: "r1", Status: provider.StatusUndelivered, Final: true},
			{Kind: provider.Report, Ref: "single", Status: provider.StatusDelivered},
			{Kind: provider.Report, Status: provider.StatusDelivered},
		} {
			require.NoError(t, r.Observe(t.Context(), "a", e))
		}
		require.NoError(t, r.Observe(t.Context(), "a", provider.Event{Kind: provider.Inbound, Code: provider.InsufficientFunds}))
		assert.Equal(t, router.BreakerClosed, r.States()[0].Breaker, "it is no report")
		assert.Empty(t, duplicates, "a report of another kind, or of another message")

		report := provider.Event{Kind: provider.Report, Ref: "r1", Status: provider.StatusDelivered}
		require.NoError(t, r.Observe(t.Context(), "b", report))
		assert.Empty(t, duplicates, "b has it, as we knew")
		require.NoError(t, r.Observe(t.Context(), "a", report, report))
		require.Len(t, duplicates, 1, "once for a message")
		assert.Equal(t, "a", duplicates[0].Provider)
		assert.Equal(t, "r1", duplicates[0].Ref)

		require.NoError(t, r.Observe(t.Context(), "b", provider.Event{Kind: provider.Report, Status: provider.StatusRejected, Code: provider.InsufficientFunds}))
		assert.Equal(t, router.BreakerOpen, r.States()[1].Breaker)
		require.Error(t, r.Observe(t.Context(), "z"))
	})
}

func TestHintOfNobody(t *testing.T) {
	r := two(t, vendor(t, memory.Config{}), vendor(t, memory.Config{}), nil)
	require.ErrorContains(t, r.Hint("z"), `unknown provider "z"`)
	require.NoError(t, r.Hint("a"))
}

// After an account-wide failure a single message probes the provider.
func TestAccountWideFailureIsProbedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Code: provider.Unauthenticated, Delay: provider.Duration(time.Second)})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{
			Validation: router.Shape, Breaker: router.Breaker{OpenFor: 10 * time.Second, Jitter: -1},
		})
		_, _ = r.Send(t.Context(), text("x"))
		require.Equal(t, 1, a.Attempts())
		time.Sleep(11 * time.Second)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				m := text("x")
				m.To = german
				_, _ = r.Send(t.Context(), m)
			})
		}
		wg.Wait()
		assert.Equal(t, 2, a.Attempts())
	})
}

func TestAccountWideBreakerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{
			Validation: router.Shape, Breaker: router.Breaker{OpenFor: 10 * time.Second, Jitter: -1},
		})
		a.Script(code(provider.Unauthenticated))
		_, _ = r.Send(t.Context(), text("x"))
		time.Sleep(11 * time.Second)
		_, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		assert.Equal(t, router.BreakerClosed, r.States()[0].Breaker)
	})
}
