package ledger

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// TestKeepVerdict: the errors of the contract are returned as they are, and all others say
// where they come from.
func TestKeepVerdict(t *testing.T) {
	require.NoError(t, keepVerdict(nil))
	for _, err := range []error{
		router.ErrRefReused, router.ErrInFlight, router.ErrNotOwner, errors.Join(router.ErrNotOwner, router.ErrRefReused),
		&provider.Error{Code: provider.OptedOut}, fmt.Errorf("look: %w", provider.NewError(provider.InvalidMessage, "a ref")),
	} {
		assert.Equal(t, err, keepVerdict(err))
	}
	for _, err := range []error{errors.New("disk full"), context.Canceled, ErrNotFound} {
		got := keepVerdict(err)
		require.ErrorIs(t, got, err)
		assert.EqualError(t, got, "ledger: "+err.Error())
	}
}

// TestAttemptIDs: attempts that have no id are not looked for.
func TestAttemptIDs(t *testing.T) {
	assert.Equal(t, []string{"att_1", "att_2"}, attemptIDs([]router.Attempt{{ID: "att_1"}, {}, {ID: "att_2"}}))
	assert.Empty(t, attemptIDs([]router.Attempt{{}}))
}

// TestOpen finds an owner's attempt that is under way and has neither an id nor a provider.
func TestOpen(t *testing.T) {
	r := &record{}
	r.attempts = []*Attempt{
		{owner: "bob"}, {owner: "ann", Outcome: provider.OutcomeUnknown}, {owner: "ann", Provider: "athens"},
		{owner: "bob", Outcome: provider.OutcomeUnknown, Provider: "athens"},
	}
	assert.Nil(t, r.open("ann"))
	own := &Attempt{owner: "ann"}
	r.attempts = append(r.attempts, own)
	assert.Same(t, own, r.open("ann"))
}
