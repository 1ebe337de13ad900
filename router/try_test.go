package router_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// TestTryLeavesWhatMustWait makes sure that Try says when to come back, and has not
// touched the message until then.
func TestTryLeavesWhatMustWait(t *testing.T) {
	for name, c := range map[string]struct {
		upstream router.Upstream
		options  router.Options
		before   func(*testing.T, *router.Router)
		after    time.Duration // when it may be tried
		patience time.Duration // that suffices; 0 = none does before that time
	}{
		"a limit": {
			upstream: router.Upstream{RateLimit: 1},
			before:   func(t *testing.T, r *router.Router) { accepted(t, r) },
			after:    time.Second, patience: time.Second,
		},
		"an override": {
			before: func(t *testing.T, r *router.Router) {
				require.NoError(t, r.SetOverride("only", router.OverrideOut))
			},
			after: 5 * time.Second,
		},
		"an open breaker": {
			options: router.Options{Breaker: router.Breaker{Failures: 1, OpenFor: time.Minute, Jitter: -1}, Retry: router.Retry{MaxAttempts: 1}},
			before: func(t *testing.T, r *router.Router) {
				_, err := r.Send(t.Context(), text("fail"))
				require.ErrorIs(t, err, provider.Unavailable)
			},
			after: time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := vendor(t, memory.Config{Answer: func(m *provider.Message) memory.Answer {
					if m.Text == "fail" {
						return code(provider.Unavailable)
					}
					return memory.Answer{}
				}})
				c.upstream.Name, c.upstream.Provider = "only", v
				c.options.Validation = router.Shape
				r, err := router.New([]router.Upstream{c.upstream}, &c.options)
				require.NoError(t, err)
				defer func() { require.NoError(t, r.Close(t.Context())) }()
				c.before(t, r)
				sent := len(v.Messages())

				res, err := r.Try(t.Context(), text("hello"), router.TryOptions{})
				require.ErrorIs(t, err, provider.Unavailable)
				assert.Equal(t, provider.OutcomeNotSent, res.Status)
				assert.Empty(t, res.Attempts)
				require.NotNil(t, res.Deferred)
				assert.WithinDuration(t, time.Now().Add(c.after), res.Deferred.Until, time.Millisecond)
				assert.Len(t, res.Skipped, 1)
				assert.Len(t, v.Messages(), sent)
				if c.patience > 0 {
					res, err = r.Try(t.Context(), text("hello"), router.TryOptions{Patience: c.patience})
					require.NoError(t, err, res.Message)
					return
				}
				time.Sleep(c.after + time.Millisecond)
				require.NoError(t, r.SetOverride("only", router.OverrideIn))
				_, err = r.Try(t.Context(), text("hello"), router.TryOptions{})
				require.NoError(t, err)
			})
		})
	}
}

// A call under way that leaves no room is waited for a little later.
func TestTryWhileACallIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := vendor(t, memory.Config{Delay: provider.Duration(time.Second)})
		r := open(t, []router.Upstream{{Name: "a", Provider: v, MaxInFlight: 1}}, nil)
		done := make(chan bool)
		go func() {
			_, _ = r.Send(t.Context(), text("hello"))
			close(done)
		}()
		synctest.Wait()
		res, err := r.Try(t.Context(), text("hello"), router.TryOptions{})
		require.ErrorIs(t, err, provider.Unavailable)
		require.NotNil(t, res.Deferred)
		assert.Positive(t, time.Until(res.Deferred.Until))
		assert.LessOrEqual(t, time.Until(res.Deferred.Until), 100*time.Millisecond)
		<-done
		accepted(t, r)
	})
}

func accepted(t *testing.T, r *router.Router) {
	t.Helper()
	_, err := r.Send(t.Context(), text("hello"))
	require.NoError(t, err)
}

// TestTryCountsTheBudget: earlier tries take from the attempt budget, and an attempt that
// finds all providers out defers the message.
func TestTryCountsTheBudget(t *testing.T) {
	closed := router.Breaker{Failures: 1000, MinVolume: 1000}
	tripped := router.Breaker{Failures: 1, OpenFor: time.Minute, Jitter: -1}
	for name, c := range map[string]struct {
		spent, providers, attempts int
		breaker                    router.Breaker
		answer                     memory.Answer
		budget, deferred           bool
	}{
		"all of it is left":                {spent: 0, providers: 1, breaker: closed, attempts: 2},
		"more providers than attempts":     {spent: 0, providers: 2, breaker: closed, attempts: 3, budget: true},
		"one attempt is left":              {spent: 2, providers: 1, breaker: closed, attempts: 1, budget: true},
		"the last attempt of the provider": {spent: 1, providers: 1, breaker: closed, attempts: 2, budget: true},
		"nothing is left":                  {spent: 3, providers: 1, breaker: closed, budget: true},
		"more was spent than there is now": {spent: 9, providers: 1, breaker: closed, budget: true},
		"a negative number":                {spent: -5, providers: 2, breaker: closed, attempts: 3, budget: true},
		"the provider is found out":        {spent: 2, providers: 1, breaker: tripped, attempts: 1, deferred: true},
		"all providers are found out":      {spent: 0, providers: 2, breaker: tripped, attempts: 2, deferred: true},
		"the vendor asks for a pause":      {spent: 2, providers: 1, breaker: closed, answer: paused(), attempts: 1, deferred: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answer := c.answer
				if answer.Err == nil {
					answer = code(provider.Unavailable)
				}
				v := vendor(t, memory.Config{Answer: func(*provider.Message) memory.Answer { return answer }})
				upstreams := []router.Upstream{{Name: "first", Provider: v}, {Name: "second", Provider: v}}[:c.providers]
				r, err := router.New(upstreams, &router.Options{AttemptBudget: 3, Validation: router.Shape, Breaker: c.breaker})
				require.NoError(t, err)
				defer func() { require.NoError(t, r.Close(t.Context())) }()
				res, err := r.Try(t.Context(), text("hello"), router.TryOptions{Patience: 10 * time.Second, Spent: c.spent})
				assert.Equal(t, provider.OutcomeNotSent, res.Status)
				assert.Len(t, res.Attempts, c.attempts)
				assert.Equal(t, c.budget, errors.Is(err, router.ErrBudget), "%v", err)
				if assert.Equal(t, c.deferred, res.Deferred != nil) && c.deferred {
					assert.WithinDuration(t, time.Now().Add(time.Minute), res.Deferred.Until, 10*time.Second)
				}
			})
		})
	}
}

func paused() memory.Answer {
	return memory.Answer{Err: &provider.Error{Code: provider.RateLimited, RetryAfter: time.Minute}}
}

// TestOneProviderInUse: as long as one provider is in use, a failed try is not a deferral.
func TestOneProviderInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := vendor(t, memory.Config{Answer: func(*provider.Message) memory.Answer { return code(provider.Unavailable) }})
		r, err := router.New([]router.Upstream{{Name: "first", Provider: v}, {Name: "second", Provider: v}}, &router.Options{Validation: router.Shape})
		require.NoError(t, err)
		defer func() { require.NoError(t, r.Close(t.Context())) }()
		require.NoError(t, r.SetOverride("first", router.OverrideOut))
		res, err := r.Try(t.Context(), text("hello"), router.TryOptions{Patience: 10 * time.Second})
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Len(t, res.Attempts, 2)
		assert.Nil(t, res.Deferred)
	})
}

// TestTryAsksAgain: Try asks a vendor in doubt once, and says when to ask again. Not being
// listed is no proof before its time, and is then written down by the owner of the message.
func TestTryAsksAgain(t *testing.T) {
	for name, c := range map[string]struct {
		answer memory.Answer
		status provider.Outcome
		trail  string
		asks   int
	}{
		"it has it":         {lost, provider.OutcomeAccepted, "a:accepted", 1},
		"it does not":       {code(provider.Indeterminate), provider.OutcomeAccepted, "a:not_sent b:accepted", 4},
		"nobody is to know": {code(provider.Indeterminate), provider.OutcomeUnknown, "a:unknown", 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				settles := provider.Duration(7 * time.Second)
				if c.status == provider.OutcomeUnknown {
					settles = 0
				}
				a, b := vendor(t, memory.Config{FindSettles: settles, Delay: provider.Duration(time.Millisecond)}), vendor(t, memory.Config{})
				a.Script(c.answer)
				r := open(t, []router.Upstream{{Name: "a", Provider: a}, {Name: "b", Provider: b}},
					&router.Options{Store: router.NewMemoryStore(0), Delivery: provider.Reconcile})
				began := time.Now()
				res, err := r.Try(t.Context(), referred("r1", "hello"), router.TryOptions{Patience: time.Minute})
				require.ErrorIs(t, err, provider.Indeterminate)
				assert.Less(t, time.Since(began), time.Second, "nothing is waited for")
				asks := 0
				for ; res.Deferred != nil && asks < 4; asks++ {
					assert.Equal(t, provider.OutcomeUnknown, res.Status)
					assert.Greater(t, time.Until(res.Deferred.Until), 900*time.Millisecond)
					time.Sleep(time.Until(res.Deferred.Until))
					res, _ = r.Try(t.Context(), referred("r1", "hello"), router.TryOptions{Spent: 1})
				}
				assert.Equal(t, c.asks, asks)
				assert.Equal(t, c.status, res.Status, res.Message)
				assert.Equal(t, c.trail, trail(res))
				assert.Equal(t, c.status == provider.OutcomeUnknown, res.Deferred != nil)
				synctest.Wait() // until it is written down
				again, err := r.Send(t.Context(), referred("r1", "hello"))
				if c.status == provider.OutcomeAccepted {
					require.NoError(t, err)
					assert.True(t, again.Replayed)
				}
				assert.LessOrEqual(t, a.Accepted()+b.Accepted(), 1)
			})
		})
	}
}
