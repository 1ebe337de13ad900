package router_test

import (
	"context"
	"slices"
	"strings"
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

// A message goes to the next provider instead of waiting only where Overflow says so.
func TestNoOverflowUnlessAsked(t *testing.T) {
	for _, overflow := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := open(t, []router.Upstream{
				{Name: "a", Provider: vendor(t, memory.Config{}), RateLimit: 1, Overflow: overflow}, {Name: "b", Provider: vendor(t, memory.Config{})},
			}, nil)
			accepted(t, r)
			began := time.Now()
			res, err := r.Send(t.Context(), text("hello"))
			require.NoError(t, err)
			want, took := "a", time.Second
			if overflow {
				want, took = "b", 0
			}
			assert.Equal(t, want, res.Provider)
			assert.Equal(t, took, time.Since(began))
		})
	}
}

// waitsFor is a limiter that several machines share. It makes its callers wait.
type waitsFor struct {
	wait, slow time.Duration // slow is how long it takes to say so
	calls      int
}

func (w *waitsFor) Reserve(_ context.Context, _ int, patience time.Duration) (time.Duration, bool, error) {
	w.calls++
	time.Sleep(w.slow)
	return w.wait, w.wait <= patience, nil
}

func (w *waitsFor) Return(context.Context, int, time.Duration) error { return nil }

// A provider whose limits would delay the message a little is tried after all if the
// others refuse it.
func TestTryReturnsToALimitedProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, []router.Upstream{
			{Name: "a", Provider: vendor(t, memory.Config{}), RateLimit: 1, Overflow: true}, {Name: "b", Provider: vendor(t, memory.Config{Code: provider.NoRoute})},
		}, nil)
		accepted(t, r)
		began := time.Now()
		res, err := r.Try(t.Context(), text("hello"), router.TryOptions{Patience: 5 * time.Second})
		require.NoError(t, err)
		assert.Equal(t, "b:refused a:accepted", trail(res))
		assert.Equal(t, time.Second, time.Since(began))
	})
}

// A shared limiter takes the place of RateLimit. Try defers what it would delay beyond
// the caller's patience.
func TestTryWithASharedLimiter(t *testing.T) {
	for name, c := range map[string]struct {
		wait, patience time.Duration
		deferred       bool
	}{
		"nothing to wait for":      {0, 0, false},
		"a wait within patience":   {time.Second, time.Second, false},
		"a wait beyond patience":   {time.Second + 1, time.Second, true},
		"a wait and no patience":   {5 * time.Second, 0, true},
		"a wait of half the pause": {500 * time.Millisecond, time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{}), RateLimit: 0.001, Limiter: &waitsFor{wait: c.wait}}}, nil)
				for range 2 { // the second is beyond RateLimit
					began := time.Now()
					res, err := r.Try(t.Context(), text("hello"), router.TryOptions{Patience: c.patience})
					if !c.deferred {
						require.NoError(t, err)
						assert.Equal(t, c.wait, time.Since(began))
						continue
					}
					require.ErrorIs(t, err, provider.Unavailable)
					require.NotNil(t, res.Deferred)
					assert.Equal(t, c.wait, time.Until(res.Deferred.Until))
					assert.Equal(t, []router.Skip{{Provider: "a", Reason: "its limits would delay the message"}}, res.Skipped)
					assert.Zero(t, time.Since(began))
				}
			})
		})
	}
}

// Providers that cannot carry the message do not count: it is deferred until the first of
// the others can take it.
func TestTryPassesOverWhatIsUnfit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, []router.Upstream{
			{Name: "short", Provider: vendor(t, memory.Config{MaxCharacters: 3})},
			{Name: "slow", Provider: vendor(t, memory.Config{}), RateLimit: 0.1},
			{Name: "slower", Provider: vendor(t, memory.Config{}), RateLimit: 0.05},
		}, nil)
		for range 2 { // one to each of the others
			_, err := r.Try(t.Context(), text("hello"), router.TryOptions{})
			require.NoError(t, err)
		}
		res, err := r.Try(t.Context(), text("hello"), router.TryOptions{Patience: 9 * time.Second})
		require.ErrorIs(t, err, provider.Unavailable)
		require.NotNil(t, res.Deferred)
		assert.Equal(t, 10*time.Second, time.Until(res.Deferred.Until))
		assert.Equal(t, []router.Skip{
			{Provider: "slow", Reason: "its limits would delay the message"}, {Provider: "slower", Reason: "its limits would delay the message"},
			{Provider: "short", Reason: "the text has 5 characters; the limit is 3"},
		}, res.Skipped)

		res, err = r.Try(t.Context(), text("hello to all"), router.TryOptions{Patience: 10 * time.Second})
		require.NoError(t, err)
		assert.Equal(t, "slow", res.Provider)
		long := open(t, []router.Upstream{{Name: "short", Provider: vendor(t, memory.Config{MaxCharacters: 3})}}, nil)
		res, err = long.Try(t.Context(), text("hello"), router.TryOptions{})
		require.ErrorIs(t, err, provider.Unsupported)
		assert.Nil(t, res.Deferred, "no time will help")
	})
}

// An attempt that had the provider's whole timeout speaks against the provider, and one
// that a shorter deadline has ended does not.
func TestWhoseTimeHasEnded(t *testing.T) {
	for name, c := range map[string]struct {
		deadline time.Duration // 0 = none
		delivery provider.Delivery
		open     bool
		late     bool // the deadline is the cause
	}{
		"without a deadline":                      {0, "", true, false},
		"with a longer deadline":                  {11 * time.Second, "", true, false},
		"with the provider's time":                {10 * time.Second, "", true, false},
		"with less":                               {10*time.Second - 1, "", false, true},
		"with the provider's time, all its own":   {10 * time.Second, provider.AtLeastOnce, true, false},
		"with less, of which it has all":          {9 * time.Second, provider.AtLeastOnce, false, true},
		"with half a second, of which it has all": {time.Second / 2, provider.AtLeastOnce, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := vendor(t, memory.Config{Delay: provider.Duration(time.Hour)})
				r := open(t, []router.Upstream{{Name: "a", Provider: a, Timeout: 10 * time.Second}}, &router.Options{Breaker: router.Breaker{Failures: 1}})
				m := text("hello")
				m.Delivery = c.delivery
				if c.deadline > 0 {
					m.Deadline = time.Now().Add(c.deadline)
				}
				_, err := r.Send(t.Context(), m)
				require.ErrorIs(t, err, provider.Indeterminate)
				want := router.BreakerClosed
				if c.open {
					want = router.BreakerOpen
				}
				assert.Equal(t, want, r.States()[0].Breaker)
				if c.late {
					require.ErrorIs(t, err, context.DeadlineExceeded)
				} else {
					require.NotErrorIs(t, err, context.DeadlineExceeded)
				}
			})
		})
	}
}

// A vendor that asks for a longer pause than Retry.Max is left, if another provider may
// have the message: not in doubt, except under at_least_once.
func TestPauseBeforeTheNextAttempt(t *testing.T) {
	unavailable := func(d time.Duration) memory.Answer {
		return memory.Answer{Err: &provider.Error{Code: provider.Unavailable, RetryAfter: d}}
	}
	doubtful := func(d time.Duration) memory.Answer {
		return memory.Answer{Err: &provider.Error{Code: provider.Indeterminate, RetryAfter: d}, Taken: true}
	}
	for name, c := range map[string]struct {
		answer   memory.Answer
		delivery provider.Delivery
		alone    bool // b does not take it, or is not there
		trail    string
		took     time.Duration
	}{
		"longer, and the other refuses":   {unavailable(8 * time.Second), "", true, "a:not_sent b:refused a:accepted", 8 * time.Second},
		"in doubt, and the other refuses": {doubtful(8 * time.Second), provider.AtLeastOnce, true, "a:unknown b:refused", 0},
		"as long as may be":               {unavailable(5 * time.Second), "", false, "a:not_sent a:accepted", 5 * time.Second},
		"longer":                          {unavailable(5*time.Second + 1), "", false, "a:not_sent b:accepted", 0},
		"longer, and nobody else":         {unavailable(8 * time.Second), "", true, "a:not_sent a:accepted", 8 * time.Second},
		"in doubt":                        {doubtful(8 * time.Second), provider.AtMostOnce, false, "a:unknown a:accepted", 8 * time.Second},
		"in doubt, at least once":         {doubtful(8 * time.Second), provider.AtLeastOnce, false, "a:unknown b:accepted", 0},
		"in doubt, shortly":               {doubtful(5 * time.Second), provider.AtLeastOnce, false, "a:unknown a:accepted", 5 * time.Second},
		"in doubt, and nobody else":       {doubtful(8 * time.Second), provider.AtLeastOnce, true, "a:unknown a:accepted", 8 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := vendor(t, memory.Config{ReplayFor: provider.Duration(time.Hour)})
				a.Script(c.answer)
				b := vendor(t, memory.Config{})
				upstreams := []router.Upstream{{Name: "a", Provider: a}, {Name: "b", Provider: b}}
				switch {
				case strings.Contains(c.trail, "b:refused"):
					b.Script(code(provider.NoRoute))
				case c.alone:
					upstreams = upstreams[:1]
				}
				r := open(t, upstreams, &router.Options{Retry: router.Retry{Initial: time.Millisecond, Jitter: -1}})
				m := referred("order-1", "hello")
				m.Delivery = c.delivery
				began := time.Now()
				res, err := r.Send(t.Context(), m)
				assert.Equal(t, strings.HasSuffix(c.trail, "accepted"), err == nil)
				assert.Equal(t, c.trail, trail(res))
				assert.Equal(t, c.took, time.Since(began))
			})
		})
	}
}

// A provider that an override takes into use is not probed: the messages that SendAll holds
// do not wait for the probe that is under way.
func TestOverrideEndsTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var probed atomic.Bool
		a := vendor(t, memory.Config{Answer: func(m *provider.Message) memory.Answer {
			if probed.CompareAndSwap(false, true) {
				return memory.Answer{Delay: 20 * time.Second}
			}
			return memory.Answer{}
		}})
		a.Script(code(provider.Unavailable))
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{
			Retry: once, Breaker: router.Breaker{Failures: 1, OpenFor: time.Second, Jitter: -1},
		})
		_, err := r.Send(t.Context(), text("opens the breaker"))
		require.ErrorIs(t, err, provider.Unavailable)
		time.AfterFunc(5*time.Second, func() { assert.NoError(t, r.SetOverride("a", router.OverrideIn)) })
		began := time.Now()
		var times []time.Duration
		for _, err := range sendAll(t, r, t.Context(), campaign(10)) {
			require.NoError(t, err)
			times = append(times, time.Since(began))
		}
		slices.Sort(times)
		assert.Less(t, times[8], 7*time.Second, "nine of them when the override is set")
		assert.Greater(t, times[9], 20*time.Second, "the probe")
	})
}
