package router_test

import (
	"context"
	"errors"
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

func referred(ref, s string) *provider.Message {
	m := text(s)
	m.Ref = ref
	return m
}

func TestSameRefIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Delay: provider.Duration(time.Second)})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: router.NewMemoryStore(0)})
		var wg sync.WaitGroup
		var mu sync.Mutex
		replayed := 0
		for range 20 {
			wg.Go(func() {
				res, err := r.Send(t.Context(), referred("r1", "hello"))
				assert.NoError(t, err)
				assert.Equal(t, "m1", res.ID)
				mu.Lock()
				defer mu.Unlock()
				if res.Replayed {
					replayed++
				}
			})
		}
		wg.Wait()
		assert.Equal(t, 19, replayed)
		assert.Equal(t, 1, a.Attempts())

		res, err := r.Send(t.Context(), referred("r1", "other"))
		require.ErrorIs(t, err, provider.InvalidMessage)
		assert.Equal(t, "ref reused with different content", res.Message)
		time.Sleep(25 * time.Hour)
		_, err = r.Send(t.Context(), referred("r1", "other"))
		require.NoError(t, err, "after its time a ref is free")
	})
}

// A caller that cannot wait for another send of the same message gets unknown.
func TestRefInFlightElsewhereIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Delay: provider.Duration(10 * time.Second)})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{
			Store: router.NewMemoryStore(0), StoreOptions: router.StoreOptions{OnError: router.FailOpen},
		})
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = r.Send(t.Context(), referred("r1", "hello")) })
		synctest.Wait()
		m := referred("r1", "hello")
		m.Deadline = time.Now().Add(time.Second)
		res, err := r.Send(t.Context(), m)
		require.ErrorIs(t, err, router.ErrInFlight)
		assert.Equal(t, provider.OutcomeUnknown, res.Status)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		res, err = r.Send(ctx, referred("r1", "hello"))
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, provider.OutcomeUnknown, res.Status)
		wg.Wait()
		assert.Equal(t, 1, a.Attempts())
	})
}

func TestRefusedAndNotSentAreSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: router.NewMemoryStore(0), Retry: once})
		a.Script(code(provider.Rejected), code(provider.Unavailable))
		for _, want := range []provider.Outcome{provider.OutcomeRefused, provider.OutcomeNotSent, provider.OutcomeAccepted} {
			res, _ := r.Send(t.Context(), referred("r1", "hello"))
			assert.Equal(t, want, res.Status)
			assert.False(t, res.Replayed)
		}
	})
}

func TestEarlierUnknownFollowsItsMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
		r := two(t, a, b, &router.Options{Store: router.NewMemoryStore(0)})
		a.Script(lost)
		for range 3 {
			res, err := r.Send(t.Context(), referred("r1", "hello"))
			require.ErrorIs(t, err, provider.Indeterminate)
			assert.Equal(t, provider.OutcomeUnknown, res.Status)
			assert.Equal(t, "a:unknown", trail(res))
		}
		assert.Equal(t, 1, a.Attempts())
		assert.Zero(t, b.Attempts())

		m := referred("r1", "hello")
		m.Delivery = provider.AtLeastOnce
		res, err := r.Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, "a:unknown b:accepted", trail(res))
		assert.True(t, res.Attempts[0].Earlier)
		assert.True(t, res.DuplicatePossible)
	})
}

func TestEarlierUnknownIsReconciled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: router.NewMemoryStore(0)})
		a.Script(lost)
		_, err := r.Send(t.Context(), referred("r1", "hello"))
		require.ErrorIs(t, err, provider.Indeterminate)
		m := referred("r1", "hello")
		m.Delivery = provider.Reconcile
		res, err := r.Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, "m1", res.ID)
		assert.Equal(t, 1, a.Accepted())
	})
}

// gone is a store that cannot be reached.
type gone struct{ finish bool }

var errGone = errors.New("connection refused")

func (g gone) Look(ctx context.Context, c router.Claim) (*router.Result, error) {
	return g.Begin(ctx, c)
}
func (g gone) Begin(context.Context, router.Claim) (*router.Result, error) {
	if g.finish {
		return nil, nil
	}
	return nil, errGone
}
func (gone) Finish(context.Context, router.Claim, *router.Result) error { return errGone }

func TestUnreachableStore(t *testing.T) {
	a := vendor(t, memory.Config{})
	one := []router.Upstream{{Name: "a", Provider: a}}
	res, err := open(t, one, &router.Options{Store: gone{}}).Send(t.Context(), referred("r1", "hello"))
	require.ErrorIs(t, err, errGone)
	assert.Equal(t, provider.OutcomeNotSent, res.Status)
	assert.Zero(t, a.Attempts())
	_, err = open(t, one, &router.Options{Store: gone{}}).Send(t.Context(), text("without ref"))
	require.NoError(t, err)

	a = vendor(t, memory.Config{})
	one[0].Provider = a
	_, err = open(t, one, &router.Options{Store: gone{}, StoreOptions: router.StoreOptions{OnError: router.FailOpen}}).Send(t.Context(), referred("r1", "hello"))
	require.NoError(t, err)

	a = vendor(t, memory.Config{})
	one[0].Provider = a
	var faults []router.Notice
	_, err = open(t, one, &router.Options{Store: gone{finish: true}, OnNotice: watch(&faults, router.NoticeFault)}).Send(t.Context(), referred("r1", "hello"))
	require.NoError(t, err, "what was accepted stays accepted")
	require.Len(t, faults, 1)
	require.ErrorIs(t, faults[0].Err, errGone)
}

// A replay is asked for with the same message, whose deadline has passed by then.
func TestReplayAfterTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Store: router.NewMemoryStore(0)})
		m := referred("r1", "x")
		m.Deadline = time.Now().Add(time.Second)
		_, err := r.Send(t.Context(), m)
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		res, err := r.Send(t.Context(), m)
		require.NoError(t, err)
		assert.True(t, res.Replayed)
		a.Script(lost)
		m = referred("r2", "x")
		m.Deadline = time.Now().Add(time.Second)
		res, _ = r.Send(t.Context(), m)
		require.Equal(t, provider.OutcomeUnknown, res.Status)
		time.Sleep(2 * time.Second)
		res, _ = r.Send(t.Context(), m)
		require.Equal(t, provider.OutcomeUnknown, res.Status)
		m = referred("r3", "x")
		m.Deadline = time.Now().Add(-time.Second)
		_, err = r.Send(t.Context(), m)
		require.ErrorIs(t, err, provider.InvalidMessage)
	})
}

// A caller that waits for another send of the message gets its result, however
// short the results are kept.
func TestResultOutlivesASlowSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Delay: provider.Duration(10 * time.Second)})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{
			Store: router.NewMemoryStore(1), StoreOptions: router.StoreOptions{Keep: time.Second},
		})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, err := r.Send(t.Context(), referred("r1", "hello"))
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		assert.Equal(t, 1, a.Accepted())
	})
}
