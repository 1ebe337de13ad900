package router_test

import (
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

// What Try would have to wait for costs neither a question to the store nor the guard's.
func TestTryThatIsTooEarlyAsksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := newAsked(nil), &gatekeeper{}
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{}), RateLimit: 1}}, &router.Options{Store: s, Guard: g})
		_, err := r.Try(t.Context(), referred("order-1", "hello"), router.TryOptions{})
		require.NoError(t, err)
		looks := s.looks
		res, err := r.Try(t.Context(), referred("order-2", "hello"), router.TryOptions{})
		require.ErrorIs(t, err, provider.Unavailable)
		require.NotNil(t, res.Deferred)
		assert.Equal(t, looks, s.looks)
		assert.Equal(t, 1, s.begins)
		assert.Len(t, g.asked, 1)
		res, err = r.Try(t.Context(), text(""), router.TryOptions{})
		require.ErrorIs(t, err, provider.InvalidMessage)
		assert.Nil(t, res.Deferred)
	})
}

// Only Try is told when to come back.
func TestSendDefersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{Code: provider.Unavailable})}},
			&router.Options{Breaker: router.Breaker{Failures: 1}, Retry: once})
		for range 2 { // the second finds the breaker open
			res, err := r.Send(t.Context(), text("hello"))
			require.ErrorIs(t, err, provider.Unavailable)
			assert.Nil(t, res.Deferred)
			_, deferred := asDeferred(res.Err())
			assert.False(t, deferred)
		}
		res, err := r.Try(t.Context(), text("hello"), router.TryOptions{})
		later, ok := asDeferred(err)
		require.True(t, ok)
		assert.Equal(t, res.Deferred, later)
		stored := router.Result{Status: provider.OutcomeNotSent, Code: provider.Unavailable, Deferred: res.Deferred}
		later, ok = asDeferred(stored.Err())
		require.True(t, ok)
		assert.Equal(t, res.Deferred, later)
	})
}

// The store is asked before a message waits for a limit, and else with the claim alone.
func TestWhenTheStoreIsAskedFirst(t *testing.T) {
	for name, c := range map[string]struct {
		upstream router.Upstream
		options  router.Options
		busy     bool // a call is under way
		looks    int
	}{
		"no limit":        {router.Upstream{}, router.Options{}, false, 0},
		"limits are off":  {router.Upstream{RateLimit: -1, SegmentRate: -1, MaxInFlight: -1}, router.Options{}, false, 0},
		"a rate":          {router.Upstream{RateLimit: 1}, router.Options{}, false, 1},
		"segments":        {router.Upstream{SegmentRate: 1}, router.Options{}, false, 1},
		"a limiter":       {router.Upstream{Limiter: &waitsFor{}}, router.Options{}, false, 1},
		"a call, no room": {router.Upstream{MaxInFlight: 1}, router.Options{}, true, 1},
		"a call, room":    {router.Upstream{MaxInFlight: 2}, router.Options{}, true, 0},
		"a guard":         {router.Upstream{}, router.Options{Guard: &gatekeeper{}}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newAsked(nil)
				c.upstream.Name, c.upstream.Provider = "a", vendor(t, memory.Config{Delay: provider.Duration(time.Second)})
				c.options.Store = s
				r := open(t, []router.Upstream{c.upstream}, &c.options)
				var all sync.WaitGroup
				if c.busy {
					all.Go(func() { _, _ = r.Send(t.Context(), text("without a ref")) })
					synctest.Wait()
				}
				_, err := r.Send(t.Context(), referred("order-1", "hello"))
				require.NoError(t, err)
				assert.Equal(t, c.looks, s.looks)
				all.Wait()
			})
		})
	}
}

// While a message waits, another machine may send it: this is then its result.
func TestOvertakenByAnotherMachine(t *testing.T) {
	for name, c := range map[string]struct {
		other  *memory.Answer // what the vendor answers the other machine; nil = it sends nothing
		status provider.Outcome
		trail  string
		replay bool
	}{
		"nobody":          {nil, provider.OutcomeNotSent, "", false},
		"it is accepted":  {&memory.Answer{}, provider.OutcomeAccepted, "b:accepted", true},
		"it is in doubt":  {&lost, provider.OutcomeUnknown, "b:unknown", true},
		"it is refused":   {&memory.Answer{Err: provider.NewError(provider.Rejected, "no")}, provider.OutcomeNotSent, "", false},
		"it is under way": {&memory.Answer{Delay: 20 * time.Second}, provider.OutcomeUnknown, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, j := newAsked(nil), new(keeper)
				slow := vendor(t, memory.Config{Delay: provider.Duration(20 * time.Second)})
				r := open(t, []router.Upstream{{Name: "a", Provider: slow, MaxInFlight: 1}}, &router.Options{Store: s, Journal: j})
				var all sync.WaitGroup
				all.Go(func() { _, _ = r.Send(t.Context(), text("takes the slot")) })
				synctest.Wait()
				if c.other != nil {
					other := open(t, []router.Upstream{{Name: "b", Provider: scripted(t, *c.other)}}, &router.Options{Store: s})
					all.Go(func() {
						time.Sleep(time.Second)
						_, _ = other.Send(t.Context(), referred("order-1", "hello"))
					})
				}
				res, err := r.Try(t.Context(), referred("order-1", "hello"), router.TryOptions{Patience: 5 * time.Second})
				assert.Equal(t, c.status, res.Status)
				assert.Equal(t, c.status == provider.OutcomeAccepted, err == nil)
				assert.Equal(t, c.trail, trail(res))
				assert.Equal(t, c.replay, res.Replayed)
				all.Wait()
			})
		})
	}
}

// A message that another machine has sent at the moment of the claim is not this send's,
// and the guard is told so.
func TestClaimThatComesTooLate(t *testing.T) {
	m := referred("order-1", "hello")
	var s *asked
	s = newAsked(func(int) error {
		other := router.Claim{Ref: m.Ref, Fingerprint: router.Fingerprint(m), Owner: "other", Keep: time.Hour}
		if _, err := s.MemoryStore.Begin(t.Context(), other); err != nil {
			return err
		}
		return s.MemoryStore.Finish(t.Context(), other, &router.Result{Status: provider.OutcomeAccepted, Provider: "b", ID: "m7"})
	})
	a, g := vendor(t, memory.Config{}), &gatekeeper{}
	res, err := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: s, Guard: g}).Send(t.Context(), m)
	require.NoError(t, err)
	assert.True(t, res.Replayed)
	assert.Equal(t, "m7", res.ID)
	assert.Zero(t, a.Attempts())
	assert.Equal(t, []provider.Outcome{provider.OutcomeAccepted}, g.settled)
	assert.Equal(t, []bool{false}, g.claimed)
	assert.Empty(t, s.finished)
}
