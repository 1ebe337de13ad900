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

// With a total, the share is of what is done, whatever has been read.
func TestProgressOfATotal(t *testing.T) {
	p := &Progress{what: "messages", share: func() float64 { return 1 }}
	p.Of(3000)
	assert.Equal(t, "877 of 3,000 messages, 87 per second, 29 %, 24s left", p.line(877, 10*time.Second))
	assert.Equal(t, "3,000 of 3,000 messages, 300 per second, 100 %, 0s left", p.line(3000, 10*time.Second))
	unknown := &Progress{what: "messages"}
	assert.Equal(t, "877 messages, 87 per second", unknown.line(877, 10*time.Second))
}

func TestProgressNote(t *testing.T) {
	var out strings.Builder
	p := &Progress{out: &out, what: "messages", started: time.Now().Add(-10 * time.Second), Note: func() string { return "athens 600, usa 277" }}
	p.Show(877)
	assert.Contains(t, out.String(), " per second; athens 600, usa 277\x1b")
}
