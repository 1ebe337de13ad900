package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A narrow terminal must not wrap the line, whose rest could not be cleared.
func TestProgress(t *testing.T) {
	var out strings.Builder
	p := &Progress{out: &out, what: "rows", started: time.Now().Add(-10 * time.Second), share: func() float64 { return 0.25 }}
	p.Show(20_000)
	assert.Regexp(t, `^\r\x1b\[K\x1b\[\?7l20,000 rows, [12],[0-9]{3} per second, 25 %, 30s left\x1b\[\?7h$`, out.String())
	p.Show(20_001)
	assert.Equal(t, 1, strings.Count(out.String(), "rows"), "not updated too often")
	p.End()
	assert.True(t, strings.HasSuffix(out.String(), ClearLine))

	silent := NewProgress(&out, "rows", nil)
	before := out.Len()
	silent.Show(1)
	silent.End()
	assert.Equal(t, before, out.Len(), "nothing is printed without a terminal")
}
