package guard

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestHeard: the same is said every ten minutes, whatever else is said meanwhile.
func TestHeard(t *testing.T) {
	var h heard
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	assert.True(t, h.first("3069412", false, now))
	assert.True(t, h.first("3069413", false, now))
	assert.True(t, h.first("3069412", true, now), "that it is stopped is news")
	for _, stopped := range []bool{false, true} {
		assert.False(t, h.first("3069412", stopped, now))
		assert.False(t, h.first("3069412", stopped, now.Add(sayAgain-1)))
		assert.True(t, h.first("3069412", stopped, now.Add(10*time.Minute)))
		assert.True(t, h.first("3069412", stopped, now), "a clock that was ahead says nothing of what was heard")
	}
	for i := range 5 * maxHeard {
		assert.True(t, h.first(fmt.Sprint(i), false, now))
	}
	assert.LessOrEqual(t, len(h.last), maxHeard, "an attack on many ranges takes no memory")
}
