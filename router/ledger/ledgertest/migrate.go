package ledgertest

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// OldKey is the key of the ledgers in testdata/schema-1.sql: what the first program left
// behind.
var OldKey = bytes.Repeat([]byte("k"), 32)

// Migrated checks that a ledger of the first schema has all its data, and works.
func Migrated(t *testing.T, opened *ledger.Ledger) {
	t.Helper()
	l := &lab{T: t, Ledger: opened}
	page, _, err := l.Messages(t.Context(), ledger.Filter{})
	require.NoError(t, err)
	statuses := make(map[string]ledger.Status)
	for _, m := range page {
		statuses[m.Ref] = m.Status
	}
	assert.Equal(t, map[string]ledger.Status{
		"one": ledger.Accepted, "doubt": ledger.Unknown, "down": ledger.NotSent, "two": ledger.Accepted, "": ledger.Delivered,
	}, statuses)
	one := l.only("one")
	assert.Equal(t, "+306941234567", one.To)
	assert.Equal(t, "Your parcel is here.", one.Text)
	assert.Len(t, l.only("down").Attempts, 2)
	assert.Len(t, l.optOuts(), 2)
	n, err := l.Unmatched(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	_, err = l.Begin(t.Context(), l.claim("one", "ann"))
	require.ErrorIs(t, err, router.ErrRefReused, "the ref is known, and stands for another content")

	require.NoError(t, l.Resolve(t.Context(), l.only("doubt").ID, provider.OutcomeNotSent))
	l.send("new", "fake", provider.OutcomeAccepted, "m2")
	l.record("fake", report("m2", provider.StatusDelivered))
	assert.Equal(t, ledger.Delivered, l.only("new").Status)
}
