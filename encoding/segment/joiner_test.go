package segment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
)

func TestJoinErrors(t *testing.T) {
	parts := received(t, strings.Repeat("a", 500), nil, 9)
	require.Len(t, parts, 4)
	_, err := segment.Join([]segment.ReceivedSegment{parts[2], parts[0]})
	var missing *segment.MissingError
	require.ErrorAs(t, err, &missing)
	assert.Equal(t, segment.MissingError{Missing: []int{2, 4}, Total: 4}, *missing)
	_, err = segment.Join(nil)
	require.ErrorAs(t, err, &missing)
	other := received(t, strings.Repeat("b", 500), nil, 8)
	var mismatch *segment.MismatchError
	_, err = segment.Join([]segment.ReceivedSegment{parts[0], other[1]})
	require.ErrorAs(t, err, &mismatch)
	_, err = segment.Join([]segment.ReceivedSegment{{Total: 2, Number: 3}})
	require.ErrorAs(t, err, &mismatch)
}

// TestJoinMendsPairs joins pairs that senders have split against the standard.
func TestJoinMendsPairs(t *testing.T) {
	part := func(number int, e segment.Encoding, data string, fill int) segment.ReceivedSegment {
		p := segment.ReceivedSegment{Encoding: e, Ref: 1, Number: number, Total: 2, Data: []byte(data)}
		if e == segment.GSM7 {
			p.Septets, p.Fill, p.Data = len(data), fill, gsm7.Pack(nil, []byte(data), fill)
		}
		return p
	}
	for fill := range 7 {
		m, err := segment.Join([]segment.ReceivedSegment{part(1, segment.GSM7, "ab\x1b", fill), part(2, segment.GSM7, "\x65cd", fill)})
		require.NoError(t, err)
		assert.Equal(t, "ab€cd", m.Text)
		m, err = segment.Join([]segment.ReceivedSegment{part(1, segment.GSM7, "ab\x1b\x1b", fill), part(2, segment.GSM7, "\x65cd", fill)})
		require.NoError(t, err)
		assert.Equal(t, "ab ecd", m.Text)
	}
	m, err := segment.Join([]segment.ReceivedSegment{part(2, segment.UCS2, "\xde\x00\x00b", 0), part(1, segment.UCS2, "\x00a\xd8\x3d", 0)})
	require.NoError(t, err)
	assert.Equal(t, "a😀b", m.Text)
	require.NoError(t, m.Damage)
	m, err = segment.Join([]segment.ReceivedSegment{part(1, segment.UCS2, "\xd8\x3d", 0), part(2, segment.UCS2, "\x00a", 0)})
	require.NoError(t, err)
	assert.Equal(t, "\uFFFDa", m.Text)
	assert.Error(t, m.Damage)

	for _, tt := range []struct {
		name   string
		e      segment.Encoding
		parts  [2]string
		want   string
		damage bool
	}{
		{"an escape alone", segment.GSM7, [2]string{"\x1b", "\x65"}, "€", false},
		{"an escape after one letter", segment.GSM7, [2]string{"a\x1b", "\x65"}, "a€", false},
		{"an escape before nothing", segment.GSM7, [2]string{"ab\x1b", ""}, "ab ", false},
		{"nothing before a letter", segment.GSM7, [2]string{"", "\x65"}, "e", false},
		{"a pair and nothing else", segment.UCS2, [2]string{"\xd8\x3d", "\xde\x00"}, "😀", false},
		{"half a pair at the end", segment.UCS2, [2]string{"\x00a", "\xd8\x3d"}, "a\uFFFD", true},
		{"half a pair before nothing", segment.UCS2, [2]string{"\xd8\x3d", ""}, "\uFFFD", true},
		{"half a pair before half a unit", segment.UCS2, [2]string{"\xd8\x3d", "\xde"}, "\uFFFD\uFFFD", true},
		{"half a unit before a unit", segment.UCS2, [2]string{"\xd8", "\xde\x00"}, "\uFFFD\uFFFD", true},
		{"one and a half units before half a pair", segment.UCS2, [2]string{"\x00\xd8\x3d", "\xde\x00"}, "\u00D8\uFFFD\uFFFD", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := segment.Join([]segment.ReceivedSegment{part(1, tt.e, tt.parts[0], 0), part(2, tt.e, tt.parts[1], 0)})
			require.NoError(t, err)
			assert.Equal(t, tt.want, m.Text)
			assert.Equal(t, tt.damage, m.Damage != nil)
		})
	}
	for septets := range 40 { // more than there are
		p := part(1, segment.GSM7, "ab\x1b", 0)
		p.Septets = septets
		_, err := segment.Join([]segment.ReceivedSegment{p, part(2, segment.GSM7, "\x65", 0)})
		require.NoError(t, err)
	}
}

func TestJoiner(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	long, other := strings.Repeat("long text ", 40), strings.Repeat("другой ", 30)
	a, b := received(t, long, nil, 7), received(t, other, nil, 7)
	require.Len(t, a, 3)

	t.Run("several at once, out of order, twice", func(t *testing.T) {
		var j segment.Joiner
		add := func(from string, p segment.ReceivedSegment) (string, bool) {
			m, complete, err := j.Add(from, p, now)
			require.NoError(t, err)
			return m.Text, complete
		}
		for _, step := range []struct {
			from string
			part segment.ReceivedSegment
			want string
		}{
			{"x", a[2], ""}, {"y", a[0], ""}, {"x", a[0], ""}, {"x", a[0], ""}, {"x", b[1], ""},
			{"x", a[1], long}, {"y", a[1], ""}, {"y", a[2], long},
		} {
			text, complete := add(step.from, step.part)
			assert.Equal(t, step.want, text)
			assert.Equal(t, step.want != "", complete)
		}
		assert.Equal(t, 1, j.Len())
	})
	t.Run("one segment", func(t *testing.T) {
		var j segment.Joiner
		m, complete, err := j.Add("x", received(t, "hi 😀", nil, 0)[0], now)
		require.NoError(t, err)
		assert.True(t, complete)
		assert.Equal(t, "hi 😀", m.Text)
	})
	t.Run("keeps no hold of the caller's memory", func(t *testing.T) {
		var j segment.Joiner
		p := a[0]
		p.Data = append([]byte(nil), p.Data...)
		_, _, err := j.Add("x", p, now)
		require.NoError(t, err)
		clear(p.Data)
		_, _, err = j.Add("x", a[1], now)
		require.NoError(t, err)
		m, complete, err := j.Add("x", a[2], now)
		require.NoError(t, err)
		assert.True(t, complete)
		assert.Equal(t, long, m.Text)
	})
	t.Run("16-bit and 8-bit references are apart", func(t *testing.T) {
		var j segment.Joiner
		wide := received(t, long, &segment.Options{Ref16: true}, 7)
		for _, p := range []segment.ReceivedSegment{a[0], wide[1], a[2]} {
			_, complete, err := j.Add("x", p, now)
			require.NoError(t, err)
			assert.False(t, complete)
		}
		assert.Equal(t, 2, j.Len())
	})
	t.Run("a reused reference starts a new message", func(t *testing.T) {
		var dropped []segment.Unfinished
		j := segment.Joiner{OnDrop: func(u segment.Unfinished) { dropped = append(dropped, u) }}
		fresh := received(t, strings.Repeat("new text. ", 40), nil, 7)
		for _, p := range []segment.ReceivedSegment{a[0], fresh[0], fresh[1]} {
			_, _, err := j.Add("x", p, now)
			require.NoError(t, err)
		}
		m, complete, err := j.Add("x", fresh[2], now)
		require.NoError(t, err)
		assert.True(t, complete)
		assert.Equal(t, strings.Repeat("new text. ", 40), m.Text)
		require.Len(t, dropped, 1)
		assert.Equal(t, "x", dropped[0].From)
		assert.Len(t, dropped[0].Segments, 1)
	})
	t.Run("the same octets in another alphabet are another message", func(t *testing.T) {
		turkish := gsm7.Tables{Locking: gsm7.Turkish}
		for _, second := range []segment.ReceivedSegment{
			{Encoding: segment.Binary, Data: []byte("ab"), Septets: 2},
			{Encoding: segment.GSM7, Data: []byte("ab"), Septets: 2, Tables: turkish},
			{Encoding: segment.GSM7, Data: []byte("ab"), Septets: 1},
			{Encoding: segment.GSM7, Data: []byte("ac"), Septets: 2},
		} {
			dropped := 0
			j := segment.Joiner{OnDrop: func(segment.Unfinished) { dropped++ }}
			first := segment.ReceivedSegment{Encoding: segment.GSM7, Data: []byte("ab"), Septets: 2, Number: 1, Total: 2}
			second.Number, second.Total = 1, 2
			for _, p := range []segment.ReceivedSegment{first, first, second, second} {
				_, complete, err := j.Add("x", p, now)
				require.NoError(t, err)
				require.False(t, complete)
			}
			assert.Equal(t, 1, dropped, "%+v", second)
		}
	})
	t.Run("waits a day by default", func(t *testing.T) {
		var j segment.Joiner
		_, _, err := j.Add("x", b[0], now)
		require.NoError(t, err)
		j.Expire(now.Add(24 * time.Hour))
		assert.Equal(t, 1, j.Len())
		j.Expire(now.Add(24*time.Hour + 1))
		assert.Zero(t, j.Len())
	})
	t.Run("the largest message", func(t *testing.T) {
		var j segment.Joiner
		_, _, err := j.Add("x", segment.ReceivedSegment{Encoding: segment.Binary, Number: 255, Total: 255, Data: make([]byte, 140)}, now)
		require.NoError(t, err)
		assert.Equal(t, 1, j.Len())
	})
	t.Run("timeout", func(t *testing.T) {
		var dropped []segment.Unfinished
		j := segment.Joiner{Timeout: time.Minute, OnDrop: func(u segment.Unfinished) { dropped = append(dropped, u) }}
		for i, p := range a[:2] {
			_, _, err := j.Add("x", p, now.Add(time.Duration(i)*50*time.Second))
			require.NoError(t, err)
		}
		j.Expire(now.Add(110 * time.Second))
		assert.Equal(t, 1, j.Len(), "each part prolongs the wait")
		j.Expire(now.Add(111 * time.Second))
		assert.Zero(t, j.Len())
		require.Len(t, dropped, 1)
		assert.Equal(t, 3, dropped[0].Total)
		assert.Len(t, dropped[0].Segments, 2)
	})
	t.Run("memory is bounded", func(t *testing.T) {
		dropped := 0
		j := segment.Joiner{MaxMessages: 10, OnDrop: func(segment.Unfinished) { dropped++ }}
		for i := range 1000 {
			p := a[0]
			p.Ref = uint16(i)
			_, _, err := j.Add("x", p, now)
			require.NoError(t, err)
			require.LessOrEqual(t, j.Len(), 10)
		}
		assert.Equal(t, 990, dropped)
	})
	t.Run("nonsense", func(t *testing.T) {
		var j segment.Joiner
		for _, p := range []segment.ReceivedSegment{
			{}, {Number: 0, Total: 2}, {Number: 3, Total: 2}, {Number: -1, Total: 2}, {Number: 1, Total: 256},
			{Number: 1, Total: 2, Data: make([]byte, 141)},
		} {
			_, _, err := j.Add("x", p, now)
			var bad *segment.UserDataError
			require.ErrorAs(t, err, &bad)
		}
		assert.Zero(t, j.Len())
	})
}
