package router

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An event without a line in the table would leave both states as they were, and
// the loop would not end.
func TestEveryEventHasATransition(t *testing.T) {
	require.Len(t, transitions, int(absent)+1)
	for kind := proceed + 1; kind <= absent; kind++ {
		to := transitions[kind]
		assert.False(t, to.candidate == unchanged && to.send == sending, "event %d", kind)
		assert.NotEqual(t, fresh, to.candidate, "event %d: no candidate has its first turn twice", kind)
	}
}
