package router_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/storetest"
)

func TestMemoryStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: func(*testing.T, string) router.Store { return router.NewMemoryStore(0) }})
}

func TestMemoryStoreIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{
			Store: router.NewMemoryStore(3), StoreOptions: router.StoreOptions{Keep: time.Minute},
		})
		for i := range 3 {
			_, err := r.Send(t.Context(), referred(fmt.Sprint(i), "hello"))
			require.NoError(t, err)
		}
		res, err := r.Send(t.Context(), referred("3", "hello"))
		require.ErrorIs(t, err, router.ErrStoreFull)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		res, err = r.Send(t.Context(), referred("0", "hello"))
		require.NoError(t, err, "it forgets nothing that is alive")
		assert.True(t, res.Replayed)
		time.Sleep(2 * time.Minute)
		_, err = r.Send(t.Context(), referred("3", "hello"))
		require.NoError(t, err)
	})
}

// What the store was only told makes room for claims, and what it is told does not
// push out anything.
func TestMemoryStoreMakesRoomForClaims(t *testing.T) {
	s := router.NewMemoryStore(2)
	claim := func(ref string) router.Claim {
		return router.Claim{Ref: ref, Fingerprint: "x", Owner: "me", Keep: time.Hour}
	}
	accepted := &router.Result{Status: provider.OutcomeAccepted}
	require.ErrorIs(t, s.Finish(t.Context(), claim("told 1"), accepted), router.ErrNotOwner)
	require.ErrorIs(t, s.Finish(t.Context(), claim("told 2"), accepted), router.ErrNotOwner)
	require.ErrorIs(t, s.Finish(t.Context(), claim("told 3"), accepted), router.ErrStoreFull)
	for _, ref := range []string{"claimed 1", "claimed 2"} {
		_, err := s.Begin(t.Context(), claim(ref))
		require.NoError(t, err)
	}
	_, err := s.Begin(t.Context(), claim("claimed 3"))
	require.ErrorIs(t, err, router.ErrStoreFull)
	prior, err := s.Look(t.Context(), claim("told 1"))
	require.NoError(t, err)
	assert.Nil(t, prior, "it made room")

	s = router.NewMemoryStore(2)
	require.ErrorIs(t, s.Finish(t.Context(), claim("told"), &router.Result{Status: provider.OutcomeUnknown}), router.ErrNotOwner)
	for _, ref := range []string{"told", "claimed"} {
		_, err = s.Begin(t.Context(), claim(ref))
		require.NoError(t, err)
	}
	_, err = s.Begin(t.Context(), claim("another"))
	require.ErrorIs(t, err, router.ErrStoreFull, "what was told and then claimed stays")
}

// Of several late outcomes that are unknown the first is kept, and an acceptance settles
// the message. None touches the claim of another send.
func TestMemoryStoreKeepsTheFirstDoubt(t *testing.T) {
	s := router.NewMemoryStore(2)
	claim := func(owner string) router.Claim {
		return router.Claim{Ref: "order-1", Fingerprint: "x", Owner: owner, Keep: time.Hour}
	}
	finish := func(owner string, status provider.Outcome, by string) {
		t.Helper()
		require.ErrorIs(t, s.Finish(t.Context(), claim(owner), &router.Result{Status: status, Provider: by}), router.ErrNotOwner)
	}
	known := func() *router.Result {
		t.Helper()
		prior, err := s.Look(t.Context(), claim("me"))
		require.NoError(t, err)
		return prior
	}
	finish("first", provider.OutcomeUnknown, "a")
	finish("second", provider.OutcomeUnknown, "b")
	assert.Equal(t, "a", known().Provider)

	_, err := s.Begin(t.Context(), claim("me"))
	require.NoError(t, err)
	finish("third", provider.OutcomeUnknown, "c")
	assert.Equal(t, "a", known().Provider)
	finish("third", provider.OutcomeRefused, "c")
	assert.Equal(t, "a", known().Provider)
	finish("third", provider.OutcomeAccepted, "c")
	assert.Equal(t, "c", known().Provider)
	require.NoError(t, s.Finish(t.Context(), claim("me"), &router.Result{Status: provider.OutcomeUnknown, Provider: "d"}))
	assert.Equal(t, "c", known().Provider, "an acceptance is never replaced")
}
