package segment_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/segment"
)

// TestSplitRandom compares Analyze and Split for random texts.
func TestSplitRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pools := []string{"abc ", "abc {}€", "abcé\n`", "αβγ ab", "😀a", "😀👨‍👩‍👧é ñαa\u0301", "{}"}
	for range 3000 {
		var b strings.Builder
		pool := []rune(pools[rng.IntN(len(pools))])
		for range rng.IntN(400) {
			b.WriteRune(pool[rng.IntN(len(pool))])
		}
		if rng.IntN(10) == 0 {
			b.WriteString("ж")
		}
		text := b.String()
		for _, opts := range []*segment.Options{nil, {Ref16: true}, {KeepGraphemes: true}} {
			a, err := segment.Analyze(text, opts)
			require.NoError(t, err)
			parts, err := segment.Split(nil, text, opts)
			require.NoError(t, err)
			require.Len(t, parts, a.Segments, "%q", text)
			units, chars, joined := 0, 0, ""
			for i, p := range parts {
				require.Equal(t, len(joined), p.Offset)
				require.Equal(t, chars, p.Index)
				require.LessOrEqual(t, p.Units, a.UnitsPerSegment)
				require.Equal(t, i+1, p.Number)
				require.Equal(t, len([]rune(p.Text)), p.Characters)
				if a.Encoding == segment.UCS2 {
					require.Equal(t, len(utf16.Encode([]rune(p.Text))), p.Units)
				}
				units, chars, joined = units+p.Units, chars+p.Characters, joined+p.Text
				ud, err := p.AppendUserData(nil, 0x1234)
				require.NoError(t, err)
				require.LessOrEqual(t, len(ud), 140)
			}
			require.Equal(t, text, joined)
			require.Equal(t, a.Units, units)
			require.Equal(t, a.Characters, chars)
		}
	}
}
