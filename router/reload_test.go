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

func TestReloadKeepsHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := vendor(t, memory.Config{}), vendor(t, memory.Config{}), vendor(t, memory.Config{})
		opts := &router.Options{Retry: once, Breaker: router.Breaker{Failures: 1}}
		r := two(t, a, b, opts)
		a.Script(code(provider.Unavailable))
		_, _ = r.Send(t.Context(), text("x"))
		require.NoError(t, r.SetOverride("b", router.OverrideOut))
		done, err := r.Reload([]router.Upstream{{Name: "a", Provider: a}, {Name: "c", Provider: c}, {Name: "b", Provider: b}}, opts)
		require.NoError(t, err)
		require.NoError(t, <-done)
		states := r.States()
		assert.Equal(t, router.BreakerOpen, states[0].Breaker)
		assert.Equal(t, router.OverrideOut, states[2].Override)
		res, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		assert.Equal(t, "c:accepted", trail(res))
	})
}

func TestReloadLosesNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := vendor(t, memory.Config{Delay: provider.Duration(time.Second)})
		next := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: slow}}, nil)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				_, err := r.Send(t.Context(), text("x"))
				assert.NoError(t, err)
			})
		}
		synctest.Wait()
		done, err := r.Reload([]router.Upstream{{Name: "a", Provider: next}}, nil)
		require.NoError(t, err)
		_, err = r.Send(t.Context(), text("y"))
		require.NoError(t, err)
		assert.Equal(t, 1, next.Accepted())
		require.NoError(t, slow.Check(t.Context()), "it is not closed while it is in use")
		require.NoError(t, <-done)
		require.Error(t, slow.Check(t.Context()), "now it is")
		wg.Wait()
		assert.Equal(t, 50, slow.Accepted())
	})
}

func TestWrongReloadChangesNothing(t *testing.T) {
	a := vendor(t, memory.Config{})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, nil)
	_, err := r.Reload(nil, nil)
	require.Error(t, err)
	_, err = r.Reload([]router.Upstream{{Name: "a", Provider: a}}, &router.Options{Delivery: "twice"})
	require.ErrorContains(t, err, "delivery")
	_, err = r.Send(t.Context(), text("x"))
	require.NoError(t, err)
}

func TestReloadUnderLoad(t *testing.T) {
	a := vendor(t, memory.Config{})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, nil)
	var sent atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				if _, err := r.Send(context.Background(), text("x")); assert.NoError(t, err) {
					sent.Add(1)
				}
			}
		})
	}
	for range 50 {
		_, err := r.Reload([]router.Upstream{{Name: "a", Provider: a}}, nil)
		require.NoError(t, err)
	}
	wg.Wait()
	assert.EqualValues(t, 2000, sent.Load())
	assert.Equal(t, 2000, a.Accepted())
}

func TestMiddleware(t *testing.T) {
	var order []string
	named := func(name string) router.Middleware {
		return func(ctx context.Context, m *provider.Message, next router.SendFunc) (*router.Result, error) {
			order = append(order, name)
			if m.Tag == "blocked" {
				res := &router.Result{Status: provider.OutcomeRefused, Code: provider.OptedOut}
				return res, res.Err()
			}
			m = m.Clone()
			m.Text += name
			return next(ctx, m)
		}
	}
	a := vendor(t, memory.Config{})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Middleware: []router.Middleware{named("1"), named("2")}})
	_, err := r.Send(t.Context(), text("x"))
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "2"}, order)
	assert.Equal(t, "x12", a.Messages()[0].Message.Text)
	m := text("x")
	m.Tag = "blocked"
	_, err = r.Send(t.Context(), m)
	require.ErrorIs(t, err, provider.OptedOut)
	assert.Equal(t, 1, a.Attempts())
}

// Close waits for the messages of earlier configurations too.
func TestCloseWaitsForEarlierConfigurations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		lines := []router.Upstream{{Name: "a", Provider: a}}
		opts := &router.Options{Retry: router.Retry{Initial: time.Second, Jitter: -1}}
		r := open(t, lines, opts)
		a.Script(code(provider.Unavailable))
		var wg sync.WaitGroup
		var ended time.Time
		wg.Go(func() {
			_, err := r.Send(t.Context(), text("x"))
			assert.NoError(t, err)
			ended = time.Now()
		})
		synctest.Wait()
		_, err := r.Reload(lines, opts)
		require.NoError(t, err)
		began := time.Now()
		require.NoError(t, r.Close(t.Context()))
		assert.Equal(t, time.Second, time.Since(began))
		wg.Wait()
		assert.False(t, ended.After(time.Now()))
	})
}

// A provider that two configurations share is closed when both are idle.
func TestReloadTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
		opts := &router.Options{Retry: router.Retry{Initial: time.Second, Jitter: -1}}
		one, other := []router.Upstream{{Name: "a", Provider: a}}, []router.Upstream{{Name: "b", Provider: b}}
		r := open(t, one, opts)
		a.Script(code(provider.Unavailable))
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := r.Send(t.Context(), text("x"))
			assert.NoError(t, err)
		})
		synctest.Wait()
		_, err := r.Reload(one, opts)
		require.NoError(t, err)
		done, err := r.Reload(other, opts)
		require.NoError(t, err)
		require.NoError(t, <-done)
		require.Error(t, a.Check(t.Context()), "closed")
		wg.Wait()
	})
}

func TestReloadKeepsPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
		r := two(t, a, b, nil)
		a.Script(memory.Answer{Err: &provider.Error{Code: provider.RateLimited, RetryAfter: time.Minute}})
		_, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		_, err = r.Reload([]router.Upstream{{Name: "a", Provider: a}, {Name: "b", Provider: b}}, &router.Options{Breaker: router.Breaker{Failures: 7}})
		require.NoError(t, err)
		require.NotNil(t, r.States()[0].ParkedUntil)
		assert.Equal(t, time.Minute, time.Until(*r.States()[0].ParkedUntil))
	})
}

// A middleware that returns no result must not crash the caller.
func TestMiddlewareWithoutResult(t *testing.T) {
	r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{
		Middleware: []router.Middleware{func(context.Context, *provider.Message, router.SendFunc) (*router.Result, error) { return nil, nil }},
	})
	res, err := r.Send(t.Context(), text("x"))
	require.Error(t, err)
	require.NotNil(t, res)
	assert.Equal(t, provider.OutcomeUnknown, res.Status)
	for res, err := range sendAll(t, r, t.Context(), func(yield func(*provider.Message) bool) { yield(text("x")) }) {
		require.Error(t, err)
		assert.Equal(t, provider.OutcomeUnknown, res.Status)
	}
}

// A reload brings a new store, as reading a configuration again does. What was
// sent is not sent again.
func TestReloadKeepsTheMemoryStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Delay: provider.Duration(time.Second)})
		lines := []router.Upstream{{Name: "a", Provider: a}}
		r := open(t, lines, &router.Options{Store: router.NewMemoryStore(10)})
		_, err := r.Send(t.Context(), referred("r1", "x"))
		require.NoError(t, err)
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = r.Send(t.Context(), referred("r2", "x")) })
		synctest.Wait()
		_, err = r.Reload(lines, &router.Options{Store: router.NewMemoryStore(2)})
		require.NoError(t, err)
		for _, ref := range []string{"r1", "r2"} {
			res, err := r.Send(t.Context(), referred(ref, "x"))
			require.NoError(t, err)
			assert.True(t, res.Replayed)
		}
		wg.Wait()
		assert.Equal(t, 2, a.Accepted())
		_, err = r.Send(t.Context(), referred("r3", "x"))
		require.ErrorIs(t, err, router.ErrStoreFull)
	})
}
