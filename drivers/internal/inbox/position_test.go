package inbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/internal/inbox"
	"github.com/anysms/anysms/provider"
)

var noon = time.Date(2030, 7, 16, 12, 0, 0, 0, time.UTC)

func TestTextForm(t *testing.T) {
	for text, want := range map[string]inbox.Position{
		"":                             {},
		"2030-07-16T12:00:00Z":         {At: noon, IDs: []string{}},
		"2030-07-16T12:00:00.5Z 17 18": {At: noon.Add(time.Second / 2), IDs: []string{"17", "18"}},
	} {
		got, err := inbox.ParsePosition(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
		assert.Equal(t, text, got.String())
	}
	for _, foreign := range []string{"17", " ", "soon 17", "2030-07-16 17"} {
		_, err := inbox.ParsePosition(foreign)
		require.ErrorIs(t, err, provider.Rejected, foreign)
	}
	east := inbox.Position{At: noon.In(time.FixedZone("", 3*3600)), IDs: []string{"a b"}}
	assert.Equal(t, "2030-07-16T12:00:00Z a_b", east.String())
	p, err := inbox.ParsePosition(east.String())
	require.NoError(t, err)
	assert.True(t, p.Has("a b"), "a blank in an id ends no word")
}

func TestAdvance(t *testing.T) {
	at := func(seconds int, id string) inbox.Entry {
		return inbox.Entry{At: noon.Add(time.Duration(seconds) * time.Second), ID: id}
	}
	const overlap = 5 * time.Second
	var p inbox.Position
	assert.Equal(t, p, p.Advance(nil, overlap), "an empty list changes nothing")
	p = p.Advance([]inbox.Entry{at(0, "a"), at(6, "b"), at(10, "c d")}, overlap)
	assert.Equal(t, "2030-07-16T12:00:10Z b c_d", p.String())

	for entry, passed := range map[inbox.Entry]bool{
		at(0, "a"):     true,
		at(4, "late"):  true,  // later than the overlap
		at(7, "late"):  false, // within the overlap
		at(6, "b"):     true,
		at(10, "c d"):  true,
		at(10, "e"):    false,
		at(11, "f"):    false,
		{ID: "b"}:      true,
		{ID: "newest"}: false, // without a time the id alone tells
	} {
		assert.Equal(t, passed, p.Passed(entry, overlap), entry.ID)
	}

	same := p.Advance([]inbox.Entry{at(10, "e"), {ID: "timeless"}}, overlap)
	assert.Equal(t, "2030-07-16T12:00:10Z b c_d e timeless", same.String())
	assert.Equal(t, "2030-07-16T12:00:10Z b c_d", p.String(), "the old position is unchanged")
	assert.Equal(t, "2030-07-16T12:01:00Z z", same.Advance([]inbox.Entry{at(60, "z")}, overlap).String())
}

func FuzzParsePosition(f *testing.F) {
	f.Add("2030-07-16T07:56:06.902Z ch_1 ch_2")
	f.Add("2030-01-31T20:55:00+02:00")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := inbox.ParsePosition(text)
		if err != nil {
			return
		}
		again, err := inbox.ParsePosition(p.String())
		if err != nil || !again.At.Equal(p.At) || len(again.IDs) != len(p.IDs) {
			t.Errorf("%q gives %v, which reads back as %v, %v", text, p, again, err)
		}
		if next := p.Advance([]inbox.Entry{{At: time.Unix(1, 0), ID: "x"}}, time.Minute); next.At.Before(p.At) {
			t.Errorf("%q goes back to %v", text, next)
		}
	})
}
