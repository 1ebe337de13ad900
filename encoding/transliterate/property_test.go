package transliterate_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/transliterate"
)

var levels = []transliterate.Level{transliterate.Off, transliterate.Lossless, transliterate.GreekCapitals, transliterate.Full}

// texts makes texts in which most characters have a replacement.
func texts() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{
		"a", "B", " ", "é", "€", "{", "’", "…", "—", "\u00a0", "\u200b", "ﬃ", "⅓", "e\u0301", "n\u0303", "α\u0301",
		"ά", "ΰ", "Ω", "ου", "ευ", "μπ", "γχ", "Ж", "щ", "й", "и\u0306", "Ł", "ß", "Ǆ", "ŉ", "‼", "№", "₽", "😀", "\u0301", "中",
	})
	// Repetition makes texts that end near the borders of segments.
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for _, p := range rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces") {
			b.WriteString(strings.Repeat(p, rapid.SampledFrom([]int{1, 1, 1, 2, 40, 68, 150}).Draw(t, "times")))
		}
		return b.String()
	})
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { check(t, texts().Draw(t, "text")) })
}

type failer interface {
	require.TestingT
	Helper()
}

func check(t failer, text string) {
	t.Helper()
	for _, level := range levels {
		got, changes := transliterate.Apply(text, level)
		again, more := transliterate.Apply(got, level)
		require.Equal(t, got, again, "%s is idempotent", level)
		require.Empty(t, more)
		if len(changes) == 0 {
			require.Equal(t, text, got)
			continue
		}
		require.Equal(t, got, replay(text, changes), "the changes are what was changed")
		for _, opts := range []*segment.Options{nil, {Ref16: true}, {KeepGraphemes: true}, {Ref16: true, KeepGraphemes: true}} {
			before, err := segment.Analyze(text, opts)
			require.NoError(t, err)
			after, err := segment.Analyze(got, opts)
			require.NoError(t, err)
			require.Equal(t, segment.GSM7, after.Encoding)
			require.LessOrEqual(t, after.Segments, before.Segments, "%s never costs a segment", level)
		}
	}
}

// replay applies the changes to text.
func replay(text string, changes []transliterate.Change) string {
	var b strings.Builder
	at := 0
	for _, c := range changes {
		b.WriteString(text[at:c.Offset])
		b.WriteString(c.To)
		at = c.Offset + len(c.From)
	}
	return b.String() + text[at:]
}

func FuzzApply(f *testing.F) {
	f.Add("It’s “5 €” – now… άλλο Жар")
	f.Add("e\u0301\xff")
	f.Fuzz(func(t *testing.T, text string) { check(t, text) })
}

// TestEveryRune checks every replacement: it must be in the default alphabet, so that
// it is not replaced again.
func TestEveryRune(t *testing.T) {
	counts := map[transliterate.Level]int{}
	for r := rune(1); r <= utf8.MaxRune; r++ {
		to, level := transliterate.Suggest(r)
		counts[level]++
		if level == transliterate.Off {
			assert.Empty(t, to)
			continue
		}
		if (gsm7.Tables{}).Septets(r) != 0 {
			t.Errorf("%U %q fits and needs nothing", r, r)
		}
		for _, x := range to {
			if (gsm7.Tables{}).Septets(x) == 0 {
				t.Errorf("%U %q becomes %q, which does not fit", r, r, to)
			}
		}
		if got, _ := transliterate.Apply(string(r), level); got != to {
			t.Errorf("%U %q: suggested %q, applied %q", r, r, to, got)
		}
	}
	assert.Greater(t, counts[transliterate.Lossless], 200)
	assert.Greater(t, counts[transliterate.GreekCapitals], 200)
	assert.Greater(t, counts[transliterate.Full], 700)
}

// TestGreekLettersAreComplete checks that every Greek letter of modern or ancient
// texts has a capital.
// TestNoReplacementBeyondTheBasicPlane is what the count of segments relies on.
func TestNoReplacementBeyondTheBasicPlane(t *testing.T) {
	for r := rune(0x10000); r <= unicode.MaxRune; r++ {
		_, level := transliterate.Suggest(r)
		require.Equal(t, transliterate.Off, level, "%U", r)
	}
}

func TestGreekLettersAreComplete(t *testing.T) {
	for _, r := range "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΆΈΉΊΌΎΏΪΫ" {
		got, _ := transliterate.Apply(string(r)+"α", transliterate.GreekCapitals)
		assert.Equal(t, 2, utf8.RuneCountInString(got), "%c", r)
		assert.NotContains(t, got, string('α'))
	}
}

func TestLevels(t *testing.T) {
	for _, level := range levels {
		text, err := level.MarshalText()
		require.NoError(t, err)
		var back transliterate.Level
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, level, back)
	}
	_, err := transliterate.ParseLevel("some")
	assert.ErrorContains(t, err, `"some"`)
	assert.ErrorContains(t, err, "greek_capitals")
	for _, unknown := range []transliterate.Level{transliterate.Full + 1, 9} {
		_, err = unknown.MarshalText()
		assert.Error(t, err)
		assert.Contains(t, unknown.String(), "level ")
		got, changes := transliterate.Apply("’", unknown)
		assert.Equal(t, "’", got)
		assert.Empty(t, changes)
	}
}
