package segment_test

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
)

// received encodes a text and parses its segments as a receiver does.
func received(t require.TestingT, text string, opts *segment.Options, ref uint16) []segment.ReceivedSegment {
	segments, err := segment.Split(nil, text, opts)
	require.NoError(t, err)
	var parts []segment.ReceivedSegment
	for _, s := range segments {
		userData, err := s.AppendUserData(nil, ref)
		require.NoError(t, err)
		require.LessOrEqual(t, len(userData), 140)
		p, err := segment.ParseSegment(userData, s.UserDataLength(), s.DataCoding(), s.HasHeader())
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

func TestParseSegment(t *testing.T) {
	tests := []struct {
		name   string
		octets string
		length int
		coding byte
		header bool
		check  func(t *testing.T, p segment.ReceivedSegment)
		err    string
	}{
		{name: "16-bit references are one number", octets: "06080401020201" + "41", length: 9, header: true,
			check: func(t *testing.T, p segment.ReceivedSegment) {
				assert.Equal(t, uint16(0x0102), p.Ref)
				assert.True(t, p.Ref16)
			}},
		{name: "reference 0 is legal", octets: "050003000201" + "82", length: 8, header: true,
			check: func(t *testing.T, p segment.ReceivedSegment) { assert.Equal(t, 2, p.Total) }},
		{name: "number 0 is ignored", octets: "050003010200" + "82", length: 8, header: true,
			check: func(t *testing.T, p segment.ReceivedSegment) {
				assert.Equal(t, 1, p.Total)
				assert.Equal(t, 1, p.Number)
			}},
		{name: "total 0 is ignored", octets: "050003010001" + "82", length: 8, header: true,
			check: func(t *testing.T, p segment.ReceivedSegment) { assert.Equal(t, 1, p.Total) }},
		{name: "number above the total is ignored", octets: "050003010203" + "82", length: 8, header: true,
			check: func(t *testing.T, p segment.ReceivedSegment) { assert.Equal(t, 1, p.Total) }},
		{name: "unknown elements are skipped", octets: "08700101000301 0201" + "82", length: 11, header: true,
			check: func(t *testing.T, p segment.ReceivedSegment) {
				assert.Equal(t, 2, p.Total)
				assert.Equal(t, 1, p.Number)
			}},
		{name: "ports", octets: "0605041581158 2" + "ff", length: 8, coding: 4, header: true,
			check: func(t *testing.T, p segment.ReceivedSegment) {
				assert.Equal(t, &segment.Ports{Destination: 0x1581, Source: 0x1582}, p.Ports)
				assert.Equal(t, []byte{0xFF}, p.Data)
			}},
		{name: "short ports", octets: "040402f0f1" + "ff", length: 6, coding: 4, header: true,
			check: func(t *testing.T, p segment.ReceivedSegment) {
				assert.Equal(t, &segment.Ports{Destination: 0xF0, Source: 0xF1, Short: true}, p.Ports)
			}},
		{name: "UCS-2 message class", octets: "0041", length: 2, coding: 0x18,
			check: func(t *testing.T, p segment.ReceivedSegment) { assert.Equal(t, segment.UCS2, p.Encoding) }},
		{name: "waiting indication in UCS-2", octets: "0041", length: 2, coding: 0xE0,
			check: func(t *testing.T, p segment.ReceivedSegment) { assert.Equal(t, segment.UCS2, p.Encoding) }},
		{name: "class 8-bit", octets: "00", length: 1, coding: 0xF5,
			check: func(t *testing.T, p segment.ReceivedSegment) { assert.Equal(t, segment.Binary, p.Encoding) }},
		{name: "class 7-bit", octets: "41", length: 1, coding: 0xF1,
			check: func(t *testing.T, p segment.ReceivedSegment) { assert.Equal(t, segment.GSM7, p.Encoding) }},
		{name: "a group that is reserved", octets: "41", length: 1, coding: 0x84,
			check: func(t *testing.T, p segment.ReceivedSegment) { assert.Equal(t, segment.GSM7, p.Encoding) }},
		{name: "unknown elements of any length", octets: "14 700109 70020909 7003090909 700409090909 7000" + "ff", length: 22, coding: 4, header: true,
			check: func(t *testing.T, p segment.ReceivedSegment) {
				assert.Equal(t, segment.ReceivedSegment{Encoding: segment.Binary, Number: 1, Total: 1, Data: []byte{0xFF}}, p)
			}},
		{name: "known elements of other lengths", octets: "11 000109 080109 2400 2500 040109 05020909" + "ff", length: 19, coding: 4, header: true,
			check: func(t *testing.T, p segment.ReceivedSegment) {
				assert.Equal(t, segment.ReceivedSegment{Encoding: segment.Binary, Number: 1, Total: 1, Data: []byte{0xFF}}, p)
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
			p, err := segment.ParseSegment(octets, tt.length, tt.coding, tt.header)
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
		var parts []segment.ReceivedSegment
		for _, s := range segments {
			userData := s.AppendUserData(nil, 0x0102)
			require.LessOrEqual(t, len(userData), 140)
			require.Len(t, userData, s.UserDataLength())
			p, err := segment.ParseSegment(userData, s.UserDataLength(), s.DataCoding(), s.HasHeader())
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
