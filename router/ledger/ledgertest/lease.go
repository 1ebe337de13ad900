package ledgertest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testLease checks that a lease has one owner at a time.
func testLease(l *lab) {
	lease := func(name, owner string, d time.Duration) bool {
		held, err := l.Lease(l.Context(), name, owner, d)
		require.NoError(l, err)
		return held
	}
	assert.True(l, lease("a", "first", time.Hour))
	assert.False(l, lease("a", "second", time.Hour))
	assert.True(l, lease("b", "second", time.Hour), "another name")
	assert.True(l, lease("a", "first", time.Hour), "it is renewed")
	require.NoError(l, l.EndLease(l.Context(), "a", "second"))
	assert.False(l, lease("a", "second", time.Hour), "only its owner ends it")
	require.NoError(l, l.EndLease(l.Context(), "a", "first"))
	assert.True(l, lease("a", "second", -time.Second), "and leaves it to another")
	assert.True(l, lease("a", "third", time.Hour), "it is over")
	assert.False(l, lease("a", "second", time.Hour))
}
