package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A narrow terminal must not wrap the line, whose rest could not be cleared.
func TestProgress(t *testing.T) {
	var out strings.Builder
	p := &progress{out: &out, what: "rows", started: time.Now().Add(-10 * time.Second), share: func() float64 { return 0.25 }}
	p.show(20_000)
	assert.Regexp(t, `^\r\x1b\[K\x1b\[\?7l20,000 rows, [12],[0-9]{3} per second, 25 %, 30s left\x1b\[\?7h$`, out.String())
	p.show(20_001)
	assert.Equal(t, 1, strings.Count(out.String(), "rows"), "not more often than people read")
	p.end()
	assert.True(t, strings.HasSuffix(out.String(), clearLine))

	silent := newProgress(&out, "rows", nil)
	before := out.Len()
	silent.show(1)
	silent.end()
	assert.Equal(t, before, out.Len(), "nothing is shown where no terminal is")
}
