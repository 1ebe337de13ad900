package segment_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
)

// TestKnownFaults tests what SMS libraries get wrong: each case is a fault that one of
// them has or had.
func TestKnownFaults(t *testing.T) {
	rep := strings.Repeat
	all := &segment.Options{Single: gsm7.AllLanguages, Locking: gsm7.AllLanguages}
	const gsm, ucs = segment.GSM7, segment.UCS2
	tests := []struct {
		name     string
		text     string
		opts     *segment.Options
		encoding segment.Encoding
		units    int
		segments int
	}{
		{"code 9 is the capital Ç", "Ça va", nil, gsm, 5, 1},
		{"and not the small one", "garçon", nil, ucs, 6, 1},
		{"a no-break space is not the escape", "a\u00a0b", nil, ucs, 3, 1},
		{"U+001B is no letter", "a\x1bb", nil, ucs, 3, 1},
		{"U+0000 is not @", "a\x00b", nil, ucs, 3, 1},
		{"@ is", "a@b", nil, gsm, 3, 1},
		{"ASCII is not GSM-7: tab", "a\tb", nil, ucs, 3, 1},
		{"ASCII is not GSM-7: backtick", "a`b", nil, ucs, 3, 1},
		{"ASCII is not GSM-7: DEL", "a\x7fb", nil, ucs, 3, 1},
		{"GSM-7 is not ASCII", "é£€Ω", nil, gsm, 5, 1},
		{"306 septets with a pair at the border", rep("a", 152) + "€" + rep("a", 152), nil, gsm, 306, 3},
		{"306 septets without", rep("a", 151) + "€" + rep("a", 153), nil, gsm, 306, 2},
		{"153 brackets", rep("[", 153), nil, gsm, 306, 3},
		{"152 brackets", rep("[", 152), nil, gsm, 304, 2},
		{"36 emoji are 72 units", rep("😀", 36), nil, ucs, 72, 2},
		{"67 emoji do not fit two segments", rep("😀", 67), nil, ucs, 134, 3},
		{"201 units are three full segments", rep("я", 201), nil, ucs, 201, 3},
		{"201 units with a pair at a border are four", rep("я", 66) + "😀" + rep("я", 133), nil, ucs, 201, 4},
		{"a 16-bit reference leaves 152 septets", rep("a", 305), &segment.Options{Ref16: true}, gsm, 305, 3},
		{"and 66 units", rep("я", 133), &segment.Options{Ref16: true}, ucs, 133, 3},
		{"CRLF is two septets", "a\r\nb", nil, gsm, 4, 1},
		{"decomposed é is two characters", "e\u0301", nil, ucs, 2, 1},
		{"Hindi with anusvara and candrabindu", rep("हिंदी चाँद ", 10), all, gsm, 110, 1},
		{"Kannada dda", rep("ಡ", 100), all, gsm, 100, 1},
		{"the comma of the Indic tables", rep("क, ", 40), all, gsm, 120, 1},
		{"the euro sign in Telugu", rep("అ", 98) + "€", all, gsm, 100, 1},
		{"Latin capitals cost two among Indic letters", rep("अ", 50) + rep("A", 25), all, gsm, 100, 1},
		{"no Urdu table has ghain", "غ", all, ucs, 1, 1},
		{"a locking table that would cost more than it saves is not used", rep("a", 155) + "[{}]", all, gsm, 163, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := segment.Analyze(tt.text, tt.opts)
			require.NoError(t, err)
			assert.Equal(t, tt.encoding, a.Encoding)
			assert.Equal(t, tt.units, a.Units)
			assert.Equal(t, tt.segments, a.Segments)
			var text strings.Builder
			segments, err := segment.Split(nil, tt.text, tt.opts)
			require.NoError(t, err)
			for _, s := range segments {
				text.WriteString(s.Text)
			}
			assert.Equal(t, tt.text, text.String(), "no text is lost")
		})
	}
}

func TestManySegments(t *testing.T) {
	full := strings.Repeat("a", 153*255)
	segments, err := segment.Split(nil, full, nil)
	require.NoError(t, err)
	assert.Len(t, segments, 255)
	a, err := segment.Analyze(full, nil)
	require.NoError(t, err)
	assert.True(t, a.Sendable())

	before := make([]segment.Segment, 1, 300)
	before[0].Text = "mine"
	got, err := segment.Split(before, full+"a", nil)
	var many *segment.TooManySegmentsError
	require.ErrorAs(t, err, &many)
	assert.Equal(t, 256, many.Segments)
	assert.Equal(t, before, got)
	a, err = segment.Analyze(full+"a", nil)
	require.NoError(t, err)
	assert.Equal(t, 256, a.Segments)
	assert.False(t, a.Sendable())
	var e segment.Explanation
	require.NoError(t, segment.Explain(full+"a", nil, &e))
	assert.Len(t, e.Segments, 256)
}

func TestKeepGraphemes(t *testing.T) {
	const family = "👩‍👩‍👧‍👦" // 11 units
	keep := &segment.Options{KeepGraphemes: true}
	pad := strings.Repeat("я", 60)
	tests := []struct {
		name, text string
		opts       *segment.Options
		texts      []string
		ends       []segment.End
	}{
		{"a family is cut", pad + family + pad, nil,
			[]string{pad + "👩‍👩‍👧"[:18], "", ""}, nil},
		{"a family is kept", pad + family + pad, keep,
			[]string{pad, family + pad[:112], "яяяя"}, []segment.End{segment.Cluster, segment.Full, segment.EndOfText}},
		{"a flag is kept", pad + "яяяяя" + "🇬🇷" + pad, keep,
			[]string{pad + "яяяяя", "🇬🇷" + pad}, []segment.End{segment.Cluster, segment.EndOfText}},
		{"a skin tone is kept", pad + "яяяяя" + "👍🏽" + pad, keep,
			[]string{pad + "яяяяя", "👍🏽" + pad}, []segment.End{segment.Cluster, segment.EndOfText}},
		{"combining marks are kept", pad + "яяяяяя" + "e\u0301" + pad, keep,
			[]string{pad + "яяяяяя", "e\u0301" + pad}, []segment.End{segment.Cluster, segment.EndOfText}},
		{"CRLF is kept", strings.Repeat("a", 152) + "\r\n" + strings.Repeat("a", 100), keep,
			[]string{strings.Repeat("a", 152), "\r\n" + strings.Repeat("a", 100)}, []segment.End{segment.Cluster, segment.EndOfText}},
		{"a cluster longer than a segment is cut between characters", "я" + "e" + strings.Repeat("\u0301", 80), keep,
			[]string{"яe" + strings.Repeat("\u0301", 65), strings.Repeat("\u0301", 15)}, []segment.End{segment.Full, segment.EndOfText}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			segments, err := segment.Split(nil, tt.text, tt.opts)
			require.NoError(t, err)
			a, err := segment.Analyze(tt.text, tt.opts)
			require.NoError(t, err)
			assert.Equal(t, len(segments), a.Segments)
			for i, s := range segments {
				assert.NotEmpty(t, s.Text)
				assert.LessOrEqual(t, s.Units, a.UnitsPerSegment)
				if tt.ends != nil {
					assert.Equal(t, tt.texts[i], s.Text, "segment %d", i+1)
					assert.Equal(t, tt.ends[i].String(), s.End.String(), "segment %d", i+1)
				}
			}
		})
	}
}

// TestLongClusterIsLinear would take very long if each cut scanned the whole cluster.
func TestLongClusterIsLinear(t *testing.T) {
	text := "e" + strings.Repeat("\u0301", 3_000_000)
	a, err := segment.Analyze(text, &segment.Options{KeepGraphemes: true})
	require.NoError(t, err)
	assert.Equal(t, (3_000_001+66)/67, a.Segments)
}

func TestNationalChoice(t *testing.T) {
	rep := strings.Repeat
	tr, es := gsm7.NewLanguages(gsm7.Turkish), gsm7.NewLanguages(gsm7.Spanish)
	tests := []struct {
		name, text string
		opts       segment.Options
		encoding   segment.Encoding
		tables     gsm7.Tables
		segments   int
		per        int
		forcing    int
	}{
		{"not asked for", "ş", segment.Options{}, segment.UCS2, gsm7.Tables{}, 1, 70, 0},
		{"single shift", "aş", segment.Options{Single: tr}, segment.GSM7, gsm7.Tables{Single: gsm7.Turkish}, 1, 155, -1},
		{"locking is cheaper for the same header", "aş", segment.Options{Single: tr, Locking: tr}, segment.GSM7, gsm7.Tables{Locking: gsm7.Turkish}, 1, 155, -1},
		{"both headers cost 152", rep("ş", 140) + "{", segment.Options{Single: tr, Locking: tr}, segment.GSM7, gsm7.Tables{Locking: gsm7.Turkish}, 1, 155, -1},
		{"two languages", "ñandú ş", segment.Options{Single: es, Locking: tr}, segment.GSM7, gsm7.Tables{Locking: gsm7.Turkish, Single: gsm7.Spanish}, 1, 152, -1},
		{"concatenated", rep("ş", 156), segment.Options{Locking: tr}, segment.GSM7, gsm7.Tables{Locking: gsm7.Turkish}, 2, 149, -1},
		{"concatenated, 16-bit", rep("ş", 156), segment.Options{Locking: tr, Ref16: true}, segment.GSM7, gsm7.Tables{Locking: gsm7.Turkish}, 2, 148, -1},
		{"the default where it does", rep("a", 160), segment.Options{Single: tr, Locking: tr}, segment.GSM7, gsm7.Tables{}, 1, 160, -1},
		{"a table that spares escapes", rep("€", 100), segment.Options{Locking: tr}, segment.GSM7, gsm7.Tables{Locking: gsm7.Turkish}, 1, 155, -1},
		{"Spanish has no locking table", "ú", segment.Options{Locking: es}, segment.UCS2, gsm7.Tables{}, 1, 70, 0},
		{"no pair holds all", "aş ú ж", segment.Options{Single: tr | es}, segment.UCS2, gsm7.Tables{}, 1, 70, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := segment.Analyze(tt.text, &tt.opts)
			require.NoError(t, err)
			assert.Equal(t, tt.encoding, a.Encoding)
			assert.Equal(t, tt.tables, a.Tables)
			assert.Equal(t, tt.segments, a.Segments)
			assert.Equal(t, tt.per, a.UnitsPerSegment)
			assert.Equal(t, tt.forcing, a.Forcing)
		})
	}
}
