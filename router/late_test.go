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
	"github.com/anysms/anysms/router"
)

// asked is a store that keeps what it was asked, and fails as it is told.
type asked struct {
	*router.MemoryStore
	mu       sync.Mutex
	begin    func(n int) error // of the n-th call of Begin, from 1; nil = it is made
	finish   error
	looks    int
	begins   int
	finished []provider.Outcome
}

func newAsked(begin func(n int) error) *asked {
	return &asked{MemoryStore: router.NewMemoryStore(0), begin: begin}
}

func (a *asked) Look(ctx context.Context, c router.Claim) (*router.Result, error) {
	a.mu.Lock()
	a.looks++
	a.mu.Unlock()
	return a.MemoryStore.Look(ctx, c)
}

func (a *asked) Begin(ctx context.Context, c router.Claim) (*router.Result, error) {
	a.mu.Lock()
	a.begins++
	n := a.begins
	a.mu.Unlock()
	if a.begin != nil {
		if err := a.begin(n); err != nil {
			return nil, err
		}
	}
	return a.MemoryStore.Begin(ctx, c)
}

func (a *asked) Finish(ctx context.Context, c router.Claim, r *router.Result) error {
	a.mu.Lock()
	a.finished = append(a.finished, r.Status)
	err := a.finish
	a.mu.Unlock()
	if err != nil {
		return err
	}
	return a.MemoryStore.Finish(ctx, c, r)
}

// told are the results that it was told, once all calls in the background have ended.
func (a *asked) told() []provider.Outcome {
	time.Sleep(10 * time.Second)
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.finished)
}

// always is a store's Begin that fails each time.
func always(err error) func(int) error { return func(int) error { return err } }

// A claim is ended if it may have been made. A store that says that the message must not
// be sent has made none.
func TestClaimIsEndedIfItMayHaveBeenMade(t *testing.T) {
	for name, c := range map[string]struct {
		begin error
		mode  router.FailureMode
		code  provider.Code
		told  []provider.Outcome
	}{
		"it is made":           {nil, router.FailClosed, "", []provider.Outcome{provider.OutcomeAccepted}},
		"it may have been":     {errNetwork, router.FailClosed, provider.Unavailable, []provider.Outcome{provider.OutcomeNotSent}},
		"sent all the same":    {errNetwork, router.FailOpen, "", []provider.Outcome{provider.OutcomeAccepted}},
		"the store refuses":    {provider.NewError(provider.OptedOut, "STOP"), router.FailOpen, provider.OptedOut, nil},
		"of other content":     {router.ErrRefReused, router.FailOpen, provider.InvalidMessage, nil},
		"it has lost its data": {router.ErrDataLost, router.FailClosed, "", []provider.Outcome{provider.OutcomeAccepted}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newAsked(always(c.begin))
				r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}},
					&router.Options{Store: s, StoreOptions: router.StoreOptions{OnError: c.mode}})
				res, _ := r.Send(t.Context(), referred("order-1", "hello"))
				assert.Equal(t, c.code, res.Code, res.Message)
				assert.Equal(t, c.told, s.told())
				if res.Status == provider.OutcomeAccepted {
					assert.Zero(t, s.looks, "the claim says what is known")
				}
			})
		})
	}
}

// A claim that could not be renewed for the next attempt is still this send's: its result
// is recorded, and the claim released.
func TestClaimThatWasNotRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAsked(func(n int) error {
			if n > 1 {
				return errNetwork
			}
			return nil
		})
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{Code: provider.Unavailable})}}, &router.Options{Store: s})
		m := referred("order-1", "hello")
		res, err := r.Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.Equal(t, "a:not_sent", trail(res))
		_, err = s.MemoryStore.Begin(t.Context(), router.Claim{Ref: m.Ref, Owner: "another", Fingerprint: router.Fingerprint(m)})
		require.NoError(t, err)
		assert.Equal(t, []provider.Outcome{provider.OutcomeNotSent}, s.told())
	})
}

// The token of a claim that may be there is kept for the next send of the message; not
// that of one that is ended, or that something was sent under.
func TestTokenOfAClaimThatIsEnded(t *testing.T) {
	for name, c := range map[string]struct {
		mode   router.FailureMode
		finish error
		kept   bool
	}{
		"ended":                {router.FailClosed, nil, false},
		"perhaps not":          {router.FailClosed, errNetwork, true},
		"something was sent":   {router.FailOpen, errNetwork, false},
		"sent, and it is told": {router.FailOpen, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newAsked(always(errNetwork))
				s.finish = c.finish
				r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}},
					&router.Options{Store: s, StoreOptions: router.StoreOptions{OnError: c.mode}})
				_, _ = r.Send(t.Context(), referred("order-1", "hello"))
				require.Len(t, s.told(), 1)
				s.mu.Lock()
				s.finish = nil
				s.mu.Unlock()
				require.NoError(t, r.SetOverride("a", router.OverrideOut))
				_, _ = r.Send(t.Context(), referred("order-1", "hello"))
				assert.Equal(t, c.kept, len(s.told()) == 2, "the claim is ended once more")
			})
		})
	}
}

// The store is told what may have been sent without a claim, and nothing else.
func TestWhatTheStoreIsTold(t *testing.T) {
	limited := func(t *testing.T, c memory.Config) (*memory.Provider, router.Upstream) {
		a := vendor(t, c)
		return a, router.Upstream{Name: "a", Provider: a, RateLimit: 100} // so that the store is asked before the claim
	}
	t.Run("doubt that it knows", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newAsked(nil)
			a, u := limited(t, memory.Config{})
			r := open(t, []router.Upstream{u}, &router.Options{Store: s})
			a.Script(lost)
			for _, replayed := range []bool{false, true} {
				res, _ := r.Send(t.Context(), referred("order-1", "hello"))
				assert.Equal(t, provider.OutcomeUnknown, res.Status)
				assert.Equal(t, replayed, res.Replayed)
			}
			assert.Equal(t, []provider.Outcome{provider.OutcomeUnknown}, s.told())
		})
	})
	t.Run("nothing was tried", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newAsked(nil)
			_, u := limited(t, memory.Config{})
			r := open(t, []router.Upstream{u}, &router.Options{Store: s})
			require.NoError(t, r.SetOverride("a", router.OverrideOut))
			res, _ := r.Send(t.Context(), referred("order-1", "hello"))
			assert.Equal(t, provider.OutcomeNotSent, res.Status)
			assert.Empty(t, s.told())
		})
	})
	t.Run("another send has it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newAsked(nil)
			_, u := limited(t, memory.Config{Delay: provider.Duration(20 * time.Second)})
			r := open(t, []router.Upstream{u}, &router.Options{Store: s})
			var all sync.WaitGroup
			all.Go(func() { _, _ = r.Send(t.Context(), referred("order-1", "hello")) })
			synctest.Wait()
			began := time.Now()
			m := referred("order-1", "hello")
			m.Deadline = began.Add(5 * time.Second)
			res, err := r.Send(t.Context(), m)
			require.ErrorIs(t, err, router.ErrInFlight)
			assert.Equal(t, provider.OutcomeUnknown, res.Status)
			assert.Equal(t, 5*time.Second, time.Since(began), "it waits for the other")
			assert.Empty(t, s.told())
			res, err = r.Send(t.Context(), referred("order-1", "hello"))
			require.NoError(t, err)
			assert.True(t, res.Replayed)
			all.Wait()
			assert.Equal(t, []provider.Outcome{provider.OutcomeAccepted}, s.told())
		})
	})
	t.Run("another send has taken it over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newAsked(func(n int) error {
				if n > 1 {
					return router.ErrInFlight
				}
				return nil
			})
			a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
			a.Script(lost)
			m := referred("order-1", "hello")
			m.Delivery, m.Deadline = provider.AtLeastOnce, time.Now().Add(5*time.Second)
			res, _ := two(t, a, b, &router.Options{Store: s}).Send(t.Context(), m)
			assert.Equal(t, provider.OutcomeUnknown, res.Status)
			assert.Equal(t, "a:unknown", trail(res))
			assert.Equal(t, []provider.Outcome{provider.OutcomeUnknown}, s.told(), "what this send may have sent")
		})
	})
}

// Doubt that was settled does not come back from the store.
func TestSettledDoubtStaysSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAsked(nil)
		a := vendor(t, memory.Config{FindSettles: provider.Duration(5 * time.Second)})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: s, Retry: once})
		a.Script(code(provider.Indeterminate))
		res, _ := r.Send(t.Context(), referred("order-1", "hello"))
		require.Equal(t, provider.OutcomeUnknown, res.Status)
		a.Script(code(provider.Unavailable))
		m := referred("order-1", "hello")
		m.Delivery = provider.Reconcile
		res, err := r.Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.True(t, res.Attempts[0].Earlier)
		assert.Equal(t, []provider.Outcome{provider.OutcomeUnknown, provider.OutcomeNotSent}, s.told())
	})
}

// Each attempt has its intent in the journal before, whatever the store knows, and what
// the store alone can say of a message is not written down again and again.
func TestIntentsBesideAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := router.NewMemoryStore(0), new(keeper)
		intended := func(name string) memory.Config {
			return memory.Config{Answer: func(*provider.Message) memory.Answer {
				assert.Equal(t, name, j.entries[len(j.entries)-1].Provider)
				assert.Empty(t, j.entries[len(j.entries)-1].Outcome)
				return memory.Answer{}
			}}
		}
		a, b := vendor(t, intended("a")), vendor(t, intended("b"))
		a.Script(lost)
		upstreams := []router.Upstream{{Name: "a", Provider: a, RateLimit: 100}, {Name: "b", Provider: b, RateLimit: 100}}
		r := open(t, upstreams, &router.Options{Store: s, Journal: j})
		_, err := r.Send(t.Context(), referred("order-1", "hello"))
		require.ErrorIs(t, err, provider.Indeterminate)
		m := referred("order-1", "hello")
		m.Delivery = provider.AtLeastOnce
		_, err = r.Send(t.Context(), m)
		require.NoError(t, err)
		var got []string
		for _, e := range j.entries {
			got = append(got, e.Provider+":"+string(e.Outcome))
		}
		assert.Equal(t, []string{"a:", "a:unknown", "b:", "b:accepted"}, got)
		res, err := r.Send(t.Context(), m)
		require.NoError(t, err)
		assert.True(t, res.Replayed)
		assert.Len(t, j.entries, 4, "nothing was sent")
		at := open(t, []router.Upstream{{Name: "a", Provider: a}, {Name: "b", Provider: b}}, &router.Options{Store: s, Journal: j})
		m.Ref = "order-2"
		a.Script(lost)
		_, err = at.Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, 2, b.Accepted())
	})
}

// A store that hangs costs a message that may go without it one wait, not one for each
// attempt.
func TestStoreThatHangsIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := vendor(t, memory.Config{}), &remote{MemoryStore: router.NewMemoryStore(0)}
		s.set("begin", hangs)
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{
			Store: s, StoreOptions: router.StoreOptions{OnError: router.FailOpen},
			Retry: router.Retry{MaxAttempts: 3, Initial: 2 * time.Second, Jitter: -1},
		})
		a.Script(code(provider.Unavailable), code(provider.Unavailable))
		began := time.Now()
		_, err := r.Send(t.Context(), referred("order-1", "hello"))
		require.NoError(t, err)
		assert.Equal(t, 5*time.Second+2*time.Second+4*time.Second, time.Since(began))
	})
}

// What was accepted is known, also if the message would be refused now.
func TestAcceptedBeforeItWouldBeRefused(t *testing.T) {
	l := &ledger{MemoryStore: router.NewMemoryStore(0)}
	a := vendor(t, memory.Config{})
	for _, v := range []router.Validation{router.Shape, router.Strict} {
		m := referred("order-1", "hello")
		m.To = fixedLine
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: l, Journal: l, Validation: v})
		for res, err := range sendAll(t, r, t.Context(), slices.Values([]*provider.Message{m})) {
			require.NoError(t, err)
			assert.Equal(t, v == router.Strict, res.Replayed)
		}
	}
	assert.Equal(t, 1, a.Accepted())
}

// Of messages without a Ref a store that is the journal too knows what any journal does.
func TestResumeWithoutARef(t *testing.T) {
	l := &ledger{MemoryStore: router.NewMemoryStore(0)}
	a := vendor(t, memory.Config{})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: l, Journal: l})
	for _, replayed := range []bool{false, true} {
		for res, err := range sendAll(t, r, t.Context(), slices.Values([]*provider.Message{text("hello")})) {
			require.NoError(t, err)
			assert.Equal(t, replayed, res.Replayed)
		}
	}
	assert.Equal(t, 1, a.Accepted())
}
