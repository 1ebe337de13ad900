package segment_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/segment"
)

func TestAnalyzeCounts(t *testing.T) {
	rep := strings.Repeat
	tests := []struct {
		name, text string
		opts       *segment.Options
		encoding   segment.Encoding
		units      int
		segments   int
		per        int
		remaining  int
	}{
		{"empty", "", nil, segment.GSM7, 0, 1, 160, 160},
		{"one letter", "a", nil, segment.GSM7, 1, 1, 160, 159},
		{"full single", rep("a", 160), nil, segment.GSM7, 160, 1, 160, 0},
		{"one over", rep("a", 161), nil, segment.GSM7, 161, 2, 153, 145},
		{"two full", rep("a", 306), nil, segment.GSM7, 306, 2, 153, 0},
		{"three", rep("a", 307), nil, segment.GSM7, 307, 3, 153, 152},
		{"ref16 two full", rep("a", 304), &segment.Options{Ref16: true}, segment.GSM7, 304, 2, 152, 0},
		{"ref16 three", rep("a", 305), &segment.Options{Ref16: true}, segment.GSM7, 305, 3, 152, 151},
		{"euro", "€", nil, segment.GSM7, 2, 1, 160, 158},
		{"pair at the border closes a segment early", rep("a", 152) + "{" + rep("a", 152), nil, segment.GSM7, 306, 3, 153, 152},
		{"153 brackets", rep("[", 153), nil, segment.GSM7, 306, 3, 153, 151},
		{"80 brackets", rep("[", 80), nil, segment.GSM7, 160, 1, 160, 0},
		{"line breaks are two septets", "a\r\nb", nil, segment.GSM7, 4, 1, 160, 156},
		{"capital C cedilla", "Ça va", nil, segment.GSM7, 5, 1, 160, 155},
		{"small c cedilla", "garçon", nil, segment.UCS2, 6, 1, 70, 64},
		{"70 Greek", rep("α", 70), nil, segment.UCS2, 70, 1, 70, 0},
		{"71 Greek", rep("α", 71), nil, segment.UCS2, 71, 2, 67, 63},
		{"35 emoji", rep("😀", 35), nil, segment.UCS2, 70, 1, 70, 0},
		{"36 emoji", rep("😀", 36), nil, segment.UCS2, 72, 2, 67, 61},
		{"67 emoji: 67 is odd", rep("😀", 67), nil, segment.UCS2, 134, 3, 67, 65},
		{"66 with 16-bit references", rep("α", 132), &segment.Options{Ref16: true}, segment.UCS2, 132, 2, 66, 0},
		{"66 emoji with 16-bit references", rep("😀", 66), &segment.Options{Ref16: true}, segment.UCS2, 132, 2, 66, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := segment.Analyze(tt.text, tt.opts)
			require.NoError(t, err)
			assert.Equal(t, tt.encoding, a.Encoding)
			assert.Equal(t, tt.units, a.Units, "units")
			assert.Equal(t, tt.segments, a.Segments, "segments")
			assert.Equal(t, tt.per, a.UnitsPerSegment, "units per segment")
			assert.Equal(t, tt.remaining, a.Remaining, "remaining")
			assert.Equal(t, len([]rune(tt.text)), a.Characters)
			parts, err := segment.Split(nil, tt.text, tt.opts)
			require.NoError(t, err)
			assert.Len(t, parts, tt.segments)
			var joined strings.Builder
			for _, p := range parts {
				joined.WriteString(p.Text)
				assert.LessOrEqual(t, p.Units, a.UnitsPerSegment)
			}
			assert.Equal(t, tt.text, joined.String())
		})
	}
}

func TestInvalidUTF8(t *testing.T) {
	for _, prefix := range []string{"", "a", "abcdefg", "abcdefgh", "αβγ", "😀", "€ test αβγ 😀 and more"} {
		for _, bad := range []string{"\xff", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\x80", "\xce", "\xe2\x82", "\xf0\x9f\x98"} {
			for _, suffix := range []string{"", "b", "αβγδ", "12345678"} {
				_, err := segment.Analyze(prefix+bad+suffix, nil)
				var invalid *segment.InvalidUTF8Error
				require.ErrorAs(t, err, &invalid, "%q", prefix+bad+suffix)
				assert.Equal(t, len(prefix), invalid.Offset, "%q", prefix+bad+suffix)
			}
		}
	}
}
