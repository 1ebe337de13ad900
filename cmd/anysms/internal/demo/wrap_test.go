package demo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWrap(t *testing.T) {
	long := strings.Repeat("x", 70)
	for in, want := range map[string]string{
		"":                 "",
		"  short  ":        "  short",
		"   " + long:       "   " + long,
		"a " + long + " b": "a " + long + "\n   b",
		"   1.0s  " + strings.Repeat("word ", 15):                "   1.0s  " + strings.TrimSpace(strings.Repeat("word ", 10)) + "\n   " + strings.Repeat("word ", 5),
		"\x1b[1m" + strings.Repeat("word ", 11) + "fours\x1b[0m": "\x1b[1m" + strings.Repeat("word ", 11) + "fours\x1b[0m",
	} {
		assert.Equal(t, want, wrap(in, 3), in)
	}
}
