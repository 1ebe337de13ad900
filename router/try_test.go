package router_test

import (
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

func accepted(t *testing.T, r *router.Router) {
	t.Helper()
	_, err := r.Send(t.Context(), text("hello"))
	require.NoError(t, err)
}
