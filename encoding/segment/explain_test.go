package segment_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/transliterate"
)

func TestExplain(t *testing.T) {
	var e segment.Explanation
	require.NoError(t, segment.Explain("It’s {ok} – it’s 5 € ж", nil, &e))
	assert.Equal(t, segment.UCS2, e.Encoding)
	assert.Equal(t, 2, e.Analysis.Forcing)
	assert.Equal(t, []segment.Char{
		{Rune: '’', Offset: 2, Index: 2, Count: 2, Suggest: "'", Level: transliterate.Lossless},
		{Rune: '–', Offset: 12, Index: 10, Count: 1, Suggest: "-", Level: transliterate.Lossless},
		{Rune: 'ж', Offset: 29, Index: 21, Count: 1, Suggest: "zh", Level: transliterate.Full},
	}, e.Forcing)
	assert.Equal(t, []segment.Char{
		{Rune: '{', Offset: 7, Index: 5, Count: 1},
		{Rune: '}', Offset: 10, Index: 8, Count: 1},
		{Rune: '€', Offset: 25, Index: 19, Count: 1},
	}, e.Extension)
	require.Len(t, e.Segments, 1)

	text := strings.Repeat("a", 152) + "€" + strings.Repeat("b", 150)
	require.NoError(t, segment.Explain(text, nil, &e), "the buffers are filled anew")
	assert.Empty(t, e.Forcing)
	assert.Equal(t, []segment.Char{{Rune: '€', Offset: 152, Index: 152, Count: 1}}, e.Extension)
	require.Len(t, e.Segments, 2)
	first, second := e.Segments[0], e.Segments[1]
	assert.Equal(t, segment.Escape, first.End)
	assert.Equal(t, 152, first.Units)
	assert.Equal(t, segment.Segment{
		Text: "€" + strings.Repeat("b", 150), Offset: 152, Index: 152, Characters: 151, Units: 152, Number: 2, Total: 2,
	}, second)

	require.NoError(t, segment.Explain("", nil, &e))
	require.Len(t, e.Segments, 1)
	var invalid *segment.InvalidUTF8Error
	require.ErrorAs(t, segment.Explain("a\xff", nil, &e), &invalid)
	assert.Equal(t, 1, invalid.Offset)
}

func TestExplainSurrogateEnd(t *testing.T) {
	var e segment.Explanation
	require.NoError(t, segment.Explain(strings.Repeat("😀", 40), nil, &e))
	assert.Equal(t, segment.Surrogate, e.Segments[0].End)
	assert.Equal(t, 66, e.Segments[0].Units)
	assert.Equal(t, 40, e.Forcing[0].Count)
	assert.Equal(t, transliterate.Off, e.Forcing[0].Level)
}

func TestExplainNational(t *testing.T) {
	var e segment.Explanation
	opts := &segment.Options{Single: gsm7.NewLanguages(gsm7.Turkish, gsm7.Spanish)}
	require.NoError(t, segment.Explain("ş{", opts, &e))
	assert.Empty(t, e.Forcing)
	assert.Len(t, e.Extension, 2)
	require.NoError(t, segment.Explain("şж", opts, &e))
	require.Len(t, e.Forcing, 1, "the Turkish letter is not to blame")
	assert.Equal(t, 'ж', e.Forcing[0].Rune)
	require.NoError(t, segment.Explain("şú", opts, &e))
	assert.Len(t, e.Forcing, 2, "no table has both, so either is")
}

func TestExplainReusesItsBuffers(t *testing.T) {
	var e segment.Explanation
	text := strings.Repeat("“ж” {€} 😀 ", 40)
	require.NoError(t, segment.Explain(text, nil, &e))
	assert.Zero(t, testing.AllocsPerRun(50, func() { _ = segment.Explain(text, nil, &e) }))
}

func TestNoAllocations(t *testing.T) {
	buf := make([]segment.Segment, 0, 256)
	all := segment.Options{Single: gsm7.AllLanguages, Locking: gsm7.AllLanguages}
	for _, bt := range benchTexts {
		assert.Zero(t, testing.AllocsPerRun(20, func() { _, _ = segment.Analyze(bt.text, nil) }), bt.name)
		assert.Zero(t, testing.AllocsPerRun(20, func() { _, _ = segment.Analyze(bt.text, &all) }), bt.name)
		assert.Zero(t, testing.AllocsPerRun(20, func() { _, _ = segment.Split(buf, bt.text, nil) }), bt.name)
		assert.Zero(t, testing.AllocsPerRun(20, func() { _, _ = segment.Split(buf, bt.text, &segment.Options{KeepGraphemes: true}) }), bt.name)
	}
}

func TestCheapest(t *testing.T) {
	type want struct {
		level    transliterate.Level
		segments int
		saved    int
		changes  int
	}
	long := strings.Repeat("a", 80)
	tests := []struct {
		name, text string
		want       [3]want
	}{
		{"one segment cannot be cheaper", "It’s ж", [3]want{
			{transliterate.Lossless, 1, 0, 0}, {transliterate.GreekCapitals, 1, 0, 0}, {transliterate.Full, 1, 0, 0}}},
		{"one quote costs a segment", long + "’", [3]want{
			{transliterate.Lossless, 1, 1, 1}, {transliterate.GreekCapitals, 1, 1, 1}, {transliterate.Full, 1, 1, 1}}},
		{"a decomposed letter does", long + "e\u0301", [3]want{
			{transliterate.Lossless, 1, 1, 1}, {transliterate.GreekCapitals, 1, 1, 1}, {transliterate.Full, 1, 1, 1}}},
		{"Greek", strings.Repeat("Καλημέρα σας ", 10), [3]want{
			{transliterate.Lossless, 2, 0, 0}, {transliterate.GreekCapitals, 1, 1, 110}, {transliterate.Full, 1, 1, 110}}},
		{"escapes take what a rewrite saves", strings.Repeat("{", 100) + "’", [3]want{
			{transliterate.Lossless, 2, 0, 0}, {transliterate.GreekCapitals, 2, 0, 0}, {transliterate.Full, 2, 0, 0}}},
		{"emoji stay", long + "’😀", [3]want{
			{transliterate.Lossless, 2, 0, 0}, {transliterate.GreekCapitals, 2, 0, 0}, {transliterate.Full, 2, 0, 0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := segment.Cheapest(tt.text, nil)
			require.NoError(t, err)
			require.Len(t, got, 3)
			for i, a := range got {
				assert.Equal(t, tt.want[i], want{a.Level, a.Analysis.Segments, a.Saved, len(a.Changes)})
				analysis, err := segment.Analyze(a.Text, nil)
				require.NoError(t, err)
				assert.Equal(t, analysis, a.Analysis)
			}
		})
	}
	_, err := segment.Cheapest("\xff", nil)
	assert.Error(t, err)
}

func TestEncodingText(t *testing.T) {
	for _, e := range []segment.Encoding{segment.GSM7, segment.UCS2, segment.Binary} {
		text, err := e.MarshalText()
		require.NoError(t, err)
		var back segment.Encoding
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, e, back)
	}
	var e segment.Encoding
	assert.ErrorContains(t, e.UnmarshalText([]byte("latin1")), `"latin1"`)
}
