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
