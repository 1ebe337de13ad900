package segment_test

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
)

// received encodes a text and parses its segments as a receiver does.
func received(t require.TestingT, text string, opts *segment.Options, ref uint16) []segment.Part {
	segments, err := segment.Split(nil, text, opts)
	require.NoError(t, err)
	var parts []segment.Part
	for _, s := range segments {
		userData, err := s.AppendUserData(nil, ref)
		require.NoError(t, err)
		require.LessOrEqual(t, len(userData), 140)
		p, err := segment.ParsePart(userData, s.UserDataLength(), s.DataCoding(), s.HasHeader())
		require.NoError(t, err)
		parts = append(parts, p)
	}
	return parts
}

func TestAirRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	for range 1500 {
		text := randomText(rng)
		opts := &segment.Options{Ref16: rng.IntN(2) == 0, KeepGraphemes: rng.IntN(2) == 0}
		if rng.IntN(2) == 0 {
			opts.Single, opts.Locking = gsm7.AllLanguages, gsm7.AllLanguages
		}
		parts := received(t, text, opts, 0xBEEF)
		for range rng.IntN(3) {
			parts = append(parts, parts[rng.IntN(len(parts))])
		}
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		m, err := segment.Join(parts)
		require.NoError(t, err)
		require.Equal(t, text, m.Text)
		require.NoError(t, m.Damage)
	}
}

func TestUserDataOctets(t *testing.T) {
	rep := strings.Repeat
	tests := []struct {
		name, text string
		opts       *segment.Options
		segment    int
		header     string
		length     int
		octets     int
	}{
		{"no header", "hi", nil, 0, "", 2, 2},
		{"full single", rep("a", 160), nil, 0, "", 160, 140},
		{"8-bit reference", rep("a", 200), nil, 0, "050003340201", 160, 140},
		{"second of two", rep("a", 200), nil, 1, "050003340202", 7 + 47, 48},
		{"16-bit reference", rep("a", 200), &segment.Options{Ref16: true}, 0, "06080412340201", 160, 140},
		{"UCS-2", rep("я", 71), nil, 0, "050003340201", 140, 140},
		{"UCS-2 with 16-bit reference leaves an octet", rep("я", 71), &segment.Options{Ref16: true}, 0, "06080412340201", 139, 139},
		{"single shift", "ş", &segment.Options{Single: gsm7.AllLanguages}, 0, "03240101", 5 + 2, 7},
		{"locking shift", "ş", &segment.Options{Locking: gsm7.AllLanguages}, 0, "03250101", 5 + 1, 6},
		{"both, concatenated", rep("न", 160) + "A", &segment.Options{Single: gsm7.AllLanguages, Locking: gsm7.AllLanguages}, 0, "0b0003340201240106250106", 160, 140},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			segments, err := segment.Split(nil, tt.text, tt.opts)
			require.NoError(t, err)
			s := segments[tt.segment]
			assert.Equal(t, strings.ReplaceAll(tt.header, " ", ""), hex.EncodeToString(s.AppendHeader(nil, 0x1234)))
			assert.Equal(t, tt.header != "", s.HasHeader())
			assert.Equal(t, tt.length, s.UserDataLength())
			userData, err := s.AppendUserData(nil, 0x1234)
			require.NoError(t, err)
			assert.Len(t, userData, tt.octets)
		})
	}
	segments, err := segment.Split(nil, rep("a", 161), nil)
	require.NoError(t, err)
	first, err := segments[0].AppendUserData(nil, 1)
	require.NoError(t, err)
	assert.Equal(t, byte('a')<<1, first[6], "one fill bit is between a header of six octets and the first septet")
}

func TestParsePart(t *testing.T) {
	tests := []struct {
		name   string
		octets string
		length int
		coding byte
		header bool
		check  func(t *testing.T, p segment.Part)
		err    string
	}{
		{name: "16-bit references are one number", octets: "06080401020201" + "41", length: 9, header: true,
			check: func(t *testing.T, p segment.Part) { assert.Equal(t, uint16(0x0102), p.Ref); assert.True(t, p.Ref16) }},
		{name: "reference 0 is legal", octets: "050003000201" + "82", length: 8, header: true,
			check: func(t *testing.T, p segment.Part) { assert.Equal(t, 2, p.Total) }},
		{name: "number 0 is ignored", octets: "050003010200" + "82", length: 8, header: true,
			check: func(t *testing.T, p segment.Part) { assert.Equal(t, 1, p.Total); assert.Equal(t, 1, p.Number) }},
		{name: "total 0 is ignored", octets: "050003010001" + "82", length: 8, header: true,
			check: func(t *testing.T, p segment.Part) { assert.Equal(t, 1, p.Total) }},
		{name: "number above the total is ignored", octets: "050003010203" + "82", length: 8, header: true,
			check: func(t *testing.T, p segment.Part) { assert.Equal(t, 1, p.Total) }},
		{name: "unknown elements are skipped", octets: "08700101000301 0201" + "82", length: 11, header: true,
			check: func(t *testing.T, p segment.Part) { assert.Equal(t, 2, p.Total); assert.Equal(t, 1, p.Number) }},
		{name: "ports", octets: "0605041581158 2" + "ff", length: 8, coding: 4, header: true,
			check: func(t *testing.T, p segment.Part) {
				assert.Equal(t, &segment.Ports{Destination: 0x1581, Source: 0x1582}, p.Ports)
				assert.Equal(t, []byte{0xFF}, p.Data)
			}},
		{name: "short ports", octets: "040402f0f1" + "ff", length: 6, coding: 4, header: true,
			check: func(t *testing.T, p segment.Part) {
				assert.Equal(t, &segment.Ports{Destination: 0xF0, Source: 0xF1, Short: true}, p.Ports)
			}},
		{name: "UCS-2 message class", octets: "0041", length: 2, coding: 0x18,
			check: func(t *testing.T, p segment.Part) { assert.Equal(t, segment.UCS2, p.Encoding) }},
		{name: "waiting indication in UCS-2", octets: "0041", length: 2, coding: 0xE0,
			check: func(t *testing.T, p segment.Part) { assert.Equal(t, segment.UCS2, p.Encoding) }},
		{name: "class 8-bit", octets: "00", length: 1, coding: 0xF5,
			check: func(t *testing.T, p segment.Part) { assert.Equal(t, segment.Binary, p.Encoding) }},
		{name: "class 7-bit", octets: "41", length: 1, coding: 0xF1,
			check: func(t *testing.T, p segment.Part) { assert.Equal(t, segment.GSM7, p.Encoding) }},
		{name: "a group that is reserved", octets: "41", length: 1, coding: 0x84,
			check: func(t *testing.T, p segment.Part) { assert.Equal(t, segment.GSM7, p.Encoding) }},
		{name: "unknown elements of any length", octets: "14 700109 70020909 7003090909 700409090909 7000" + "ff", length: 22, coding: 4, header: true,
			check: func(t *testing.T, p segment.Part) {
				assert.Equal(t, segment.Part{Encoding: segment.Binary, Number: 1, Total: 1, Data: []byte{0xFF}}, p)
			}},
		{name: "known elements of other lengths", octets: "11 000109 080109 2400 2500 040109 05020909" + "ff", length: 19, coding: 4, header: true,
			check: func(t *testing.T, p segment.Part) {
				assert.Equal(t, segment.Part{Encoding: segment.Binary, Number: 1, Total: 1, Data: []byte{0xFF}}, p)
			}},
		{name: "header one octet too long", octets: "0500030102", length: 5, header: true, err: "header is longer"},
		{name: "compressed", octets: "41", length: 1, coding: 0x20, err: "compressed"},
		{name: "no header there", octets: "", length: 0, header: true, err: "header is longer"},
		{name: "header too long", octets: "0500", length: 2, header: true, err: "header is longer"},
		{name: "element too long", octets: "030003010201", length: 6, header: true, err: "element is longer"},
		{name: "half an element", octets: "0100", length: 3, header: true, err: "element is longer"},
		{name: "length too long", octets: "41", length: 9, err: "length 9"},
		{name: "length inside the header", octets: "05000301020141", length: 3, coding: 8, header: true, err: "length 3"},
		{name: "negative length", octets: "41", length: -1, coding: 4, err: "length -1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			octets, err := hex.DecodeString(strings.ReplaceAll(tt.octets, " ", ""))
			require.NoError(t, err)
			p, err := segment.ParsePart(octets, tt.length, tt.coding, tt.header)
			if tt.err != "" {
				var bad *segment.UserDataError
				require.ErrorAs(t, err, &bad)
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			tt.check(t, p)
		})
	}
}

func TestJoinErrors(t *testing.T) {
	parts := received(t, strings.Repeat("a", 500), nil, 9)
	require.Len(t, parts, 4)
	_, err := segment.Join([]segment.Part{parts[2], parts[0]})
	var missing *segment.MissingError
	require.ErrorAs(t, err, &missing)
	assert.Equal(t, segment.MissingError{Missing: []int{2, 4}, Total: 4}, *missing)
	_, err = segment.Join(nil)
	require.ErrorAs(t, err, &missing)
	other := received(t, strings.Repeat("b", 500), nil, 8)
	var mismatch *segment.MismatchError
	_, err = segment.Join([]segment.Part{parts[0], other[1]})
	require.ErrorAs(t, err, &mismatch)
	_, err = segment.Join([]segment.Part{{Total: 2, Number: 3}})
	require.ErrorAs(t, err, &mismatch)
}

// TestJoinMendsPairs joins pairs that senders have split against the standard.
func TestJoinMendsPairs(t *testing.T) {
	part := func(number int, e segment.Encoding, data string, fill int) segment.Part {
		p := segment.Part{Encoding: e, Ref: 1, Number: number, Total: 2, Data: []byte(data)}
		if e == segment.GSM7 {
			p.Septets, p.Fill, p.Data = len(data), fill, gsm7.Pack(nil, []byte(data), fill)
		}
		return p
	}
	for fill := range 7 {
		m, err := segment.Join([]segment.Part{part(1, segment.GSM7, "ab\x1b", fill), part(2, segment.GSM7, "\x65cd", fill)})
		require.NoError(t, err)
		assert.Equal(t, "ab€cd", m.Text)
		m, err = segment.Join([]segment.Part{part(1, segment.GSM7, "ab\x1b\x1b", fill), part(2, segment.GSM7, "\x65cd", fill)})
		require.NoError(t, err)
		assert.Equal(t, "ab ecd", m.Text)
	}
	m, err := segment.Join([]segment.Part{part(2, segment.UCS2, "\xde\x00\x00b", 0), part(1, segment.UCS2, "\x00a\xd8\x3d", 0)})
	require.NoError(t, err)
	assert.Equal(t, "a😀b", m.Text)
	require.NoError(t, m.Damage)
	m, err = segment.Join([]segment.Part{part(1, segment.UCS2, "\xd8\x3d", 0), part(2, segment.UCS2, "\x00a", 0)})
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
			m, err := segment.Join([]segment.Part{part(1, tt.e, tt.parts[0], 0), part(2, tt.e, tt.parts[1], 0)})
			require.NoError(t, err)
			assert.Equal(t, tt.want, m.Text)
			assert.Equal(t, tt.damage, m.Damage != nil)
		})
	}
	for septets := range 40 { // more than there are
		p := part(1, segment.GSM7, "ab\x1b", 0)
		p.Septets = septets
		_, err := segment.Join([]segment.Part{p, part(2, segment.GSM7, "\x65", 0)})
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
		add := func(from string, p segment.Part) (string, bool) {
			m, complete, err := j.Add(from, p, now)
			require.NoError(t, err)
			return m.Text, complete
		}
		for _, step := range []struct {
			from string
			part segment.Part
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
		for _, p := range []segment.Part{a[0], wide[1], a[2]} {
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
		for _, p := range []segment.Part{a[0], fresh[0], fresh[1]} {
			_, _, err := j.Add("x", p, now)
			require.NoError(t, err)
		}
		m, complete, err := j.Add("x", fresh[2], now)
		require.NoError(t, err)
		assert.True(t, complete)
		assert.Equal(t, strings.Repeat("new text. ", 40), m.Text)
		require.Len(t, dropped, 1)
		assert.Equal(t, "x", dropped[0].From)
		assert.Len(t, dropped[0].Parts, 1)
	})
	t.Run("the same octets in another alphabet are another message", func(t *testing.T) {
		turkish := gsm7.Tables{Locking: gsm7.Turkish}
		for _, second := range []segment.Part{
			{Encoding: segment.Binary, Data: []byte("ab"), Septets: 2},
			{Encoding: segment.GSM7, Data: []byte("ab"), Septets: 2, Tables: turkish},
			{Encoding: segment.GSM7, Data: []byte("ab"), Septets: 1},
			{Encoding: segment.GSM7, Data: []byte("ac"), Septets: 2},
		} {
			dropped := 0
			j := segment.Joiner{OnDrop: func(segment.Unfinished) { dropped++ }}
			first := segment.Part{Encoding: segment.GSM7, Data: []byte("ab"), Septets: 2, Number: 1, Total: 2}
			second.Number, second.Total = 1, 2
			for _, p := range []segment.Part{first, first, second, second} {
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
		_, _, err := j.Add("x", segment.Part{Encoding: segment.Binary, Number: 255, Total: 255, Data: make([]byte, 140)}, now)
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
		assert.Len(t, dropped[0].Parts, 2)
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
		for _, p := range []segment.Part{
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

func TestBinary(t *testing.T) {
	ports := &segment.Ports{Destination: 2948, Source: 9200}
	tests := []struct {
		octets         int
		opts           *segment.BinaryOptions
		segments, each int
	}{
		{0, nil, 1, 140}, {140, nil, 1, 140}, {141, nil, 2, 134}, {268, nil, 2, 134}, {269, nil, 3, 134},
		{141, &segment.BinaryOptions{Ref16: true}, 2, 133}, {267, &segment.BinaryOptions{Ref16: true}, 3, 133},
		{133, &segment.BinaryOptions{Ports: ports}, 1, 133}, {134, &segment.BinaryOptions{Ports: ports}, 2, 128},
		{135, &segment.BinaryOptions{Ports: &segment.Ports{Short: true}}, 1, 135},
		{134 * 255, nil, 255, 134},
	}
	for _, tt := range tests {
		n, each := segment.BinarySegments(tt.octets, tt.opts)
		assert.Equal(t, tt.segments, n, "%d octets", tt.octets)
		assert.Equal(t, tt.each, each, "%d octets", tt.octets)
		data := make([]byte, tt.octets)
		for i := range data {
			data[i] = byte(i * 7)
		}
		segments, err := segment.SplitBinary(nil, data, tt.opts)
		require.NoError(t, err)
		var parts []segment.Part
		for _, s := range segments {
			userData := s.AppendUserData(nil, 0x0102)
			require.LessOrEqual(t, len(userData), 140)
			require.Len(t, userData, s.UserDataLength())
			p, err := segment.ParsePart(userData, s.UserDataLength(), s.DataCoding(), s.HasHeader())
			require.NoError(t, err)
			parts = append(parts, p)
		}
		m, err := segment.Join(parts)
		require.NoError(t, err)
		assert.Equal(t, string(data), string(m.Data))
		if tt.opts != nil {
			assert.Equal(t, tt.opts.Ports, m.Ports)
		}
	}
	var many *segment.TooManySegmentsError
	_, err := segment.SplitBinary(nil, make([]byte, 134*255+1), nil)
	require.ErrorAs(t, err, &many)
	assert.Equal(t, 256, many.Segments)
}
