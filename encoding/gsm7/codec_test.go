package gsm7_test

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/anysms/anysms/encoding/gsm7"
)

// alphabet is every character of a pair of tables.
func alphabet(t gsm7.Tables) []rune {
	var all []rune
	for r := rune(1); r < 0x3000; r++ {
		if t.Septets(r) > 0 {
			all = append(all, r)
		}
	}
	return all
}

func allPairs() []gsm7.Tables {
	var pairs []gsm7.Tables
	for l := gsm7.Default; l <= gsm7.Urdu; l++ {
		for s := gsm7.Default; s <= gsm7.Urdu; s++ {
			pairs = append(pairs, gsm7.Tables{Locking: l, Single: s})
		}
	}
	return pairs
}

// naivePack packs as in the drawing of 3GPP TS 23.038 §6.1.2.1: a row of bits, each
// septet with its lowest bit first, cut into octets.
func naivePack(septets []byte, fill int) []byte {
	bits := make([]byte, fill)
	for _, s := range septets {
		for b := range 7 {
			bits = append(bits, s>>b&1)
		}
	}
	octets := make([]byte, (len(bits)+7)/8)
	for i, b := range bits {
		octets[i/8] |= b << (i % 8)
	}
	return octets
}

func TestPackVectors(t *testing.T) {
	tests := []struct{ name, text, octets string }{
		{"empty", "", ""},
		{"one", "A", "41"},
		{"hellohello", "hellohello", "e8329bfd4697d9ec37"},
		{"seven leave seven spare bits", "aaaaaaa", "e170381c0e8701"},
		{"eight", "aaaaaaaa", "e170381c0e87c3"},
		{"a final @ is zero bits like the spare ones", "aaaaaaa@", "e170381c0e8701"},
		{"extension", "€", "9b32"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var tables gsm7.Tables
			septets, err := tables.Encode(nil, tt.text)
			require.NoError(t, err)
			assert.Equal(t, tt.octets, hex.EncodeToString(gsm7.Pack(nil, septets, 0)))
			packed, err := tables.EncodePacked(nil, tt.text, 0)
			require.NoError(t, err)
			assert.Equal(t, tt.octets, hex.EncodeToString(packed))
			text, err := tables.DecodePacked(nil, packed, len(septets), 0)
			require.NoError(t, err)
			assert.Equal(t, tt.text, string(text), "the number of septets tells a final @ from spare bits")
		})
	}
}

func TestPackCR(t *testing.T) {
	const a7 = "aaaaaaa"
	tests := []struct {
		name, septets string
		octets        int
		back          string
	}{
		{"six need no padding", a7[:6], 6, a7[:6]},
		{"seven are padded", a7, 7, a7},
		{"eight fill the octets", a7 + "a", 7, a7 + "a"},
		{"a wanted CR on the border is doubled", a7 + "\r", 8, a7 + "\r\r"},
		{"a CR off the border is left alone", "a\r", 2, "a\r"},
		{"a final @ survives", a7 + "\x00", 7, a7 + "\x00"},
		{"empty", "", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			octets := gsm7.PackCR(nil, []byte(tt.septets))
			assert.Len(t, octets, tt.octets)
			assert.Equal(t, tt.back, string(gsm7.UnpackCR(nil, octets)))
		})
	}
	plain := gsm7.Pack(nil, []byte(a7), 0)
	assert.Equal(t, byte(0), plain[6]>>1, "an SMS leaves the spare bits zero")
}

func TestFillBits(t *testing.T) {
	for octets := range 140 {
		fill := gsm7.FillBits(octets)
		assert.Zero(t, (octets*8+fill)%7)
		assert.Less(t, fill, 7)
	}
	assert.Equal(t, 1, gsm7.FillBits(6))
	assert.Equal(t, 0, gsm7.FillBits(7))
}

func TestPackingAgreesWithTheDrawing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		septets := rapid.SliceOfN(rapid.ByteRange(0, 0x7F), 0, 200).Draw(t, "septets")
		fill := rapid.IntRange(0, 7).Draw(t, "fill")
		packed := gsm7.Pack([]byte{0xAA}, septets, fill)
		require.Equal(t, append([]byte{0xAA}, naivePack(septets, fill)...), packed)
		back, err := gsm7.Unpack(nil, packed[1:], len(septets), fill)
		require.NoError(t, err)
		require.Equal(t, string(septets), string(back))
		cr := gsm7.UnpackCR(nil, gsm7.PackCR(nil, septets))
		if n := len(septets); n > 0 && n%8 == 0 && septets[n-1] == '\r' {
			septets = append(septets, '\r')
		}
		require.Equal(t, string(septets), string(cr))
	})
}

// TestRoundTripEveryPair encodes random texts with every pair of tables.
func TestRoundTripEveryPair(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, pair := range allPairs() {
		chars := alphabet(pair)
		for range 30 {
			var b strings.Builder
			units := 0
			for range rng.IntN(60) {
				r := chars[rng.IntN(len(chars))]
				if rng.IntN(3) > 0 && pair.Septets('a') > 0 {
					r = 'a' + rng.Int32N(26)
				}
				b.WriteRune(r)
				units += pair.Septets(r)
			}
			text := b.String()
			septets, err := pair.Encode(nil, text)
			require.NoError(t, err)
			require.Len(t, septets, units)
			require.Equal(t, text, string(pair.Decode(nil, septets)))
			strict, err := pair.DecodeStrict(nil, septets)
			require.NoError(t, err)
			require.Equal(t, text, string(strict))
			fill := rng.IntN(7)
			packed, err := pair.EncodePacked([]byte("x"), text, fill)
			require.NoError(t, err)
			require.Equal(t, gsm7.Pack([]byte("x"), septets, fill), packed)
			back, err := pair.DecodePacked(nil, packed[1:], units, fill)
			require.NoError(t, err)
			require.Equal(t, text, string(back))
		}
	}
}

func TestDecodeUndefined(t *testing.T) {
	tests := []struct {
		name    string
		tables  gsm7.Tables
		septets string
		text    string
		err     *gsm7.CodeError
	}{
		{"unknown escape shows the main table", gsm7.Tables{}, "a\x1bab", "aab", &gsm7.CodeError{Code: 'a', Escaped: true, Index: 2}},
		{"unknown escape shows the locking table", gsm7.Tables{Locking: gsm7.Turkish}, "\x1b\x04", "€", &gsm7.CodeError{Code: 4, Escaped: true, Index: 1}},
		{"double escape is a space", gsm7.Tables{}, "a\x1b\x1bb", "a b", &gsm7.CodeError{Code: 0x1B, Escaped: true, Index: 2}},
		{"escape at the end is a space", gsm7.Tables{}, "a\x1b", "a ", &gsm7.CodeError{Code: 0x1B, Index: 1}},
		{"escaped CR is a CR", gsm7.Tables{}, "\x1b\r", "\r", &gsm7.CodeError{Code: '\r', Escaped: true, Index: 1}},
		{"a hole in a locking table", gsm7.Tables{Locking: gsm7.Tamil}, "a\x00", "a\uFFFD", &gsm7.CodeError{Code: 0, Index: 1}},
		{"escape across a word", gsm7.Tables{}, "aaaaaaa\x1b\x65bbbbbbbb", "aaaaaaa€bbbbbbbb", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.text, string(tt.tables.Decode(nil, []byte(tt.septets))))
			packed := gsm7.Pack(nil, []byte(tt.septets), 3)
			text, err := tt.tables.DecodePacked(nil, packed, len(tt.septets), 3)
			require.NoError(t, err)
			assert.Equal(t, tt.text, string(text))
			_, err = tt.tables.DecodeStrict(nil, []byte(tt.septets))
			if tt.err == nil {
				assert.NoError(t, err)
				return
			}
			var code *gsm7.CodeError
			require.ErrorAs(t, err, &code)
			assert.Equal(t, tt.err, code)
		})
	}
	_, err := gsm7.Tables{}.DecodeStrict(nil, []byte{0xC1})
	assert.Error(t, err, "an octet above 7F is no septet")
}

func TestEncodeErrors(t *testing.T) {
	tests := []struct {
		name, text string
		want       gsm7.CharError
	}{
		{"foreign", "hello wörld ж", gsm7.CharError{Rune: 'ж', Offset: 13, Index: 12}},
		{"small c cedilla", "ç", gsm7.CharError{Rune: 'ç'}},
		{"no-break space", "a\u00a0", gsm7.CharError{Rune: 0xA0, Offset: 1, Index: 1}},
		{"the escape itself", "\x1b", gsm7.CharError{Rune: 0x1B}},
		{"U+0000 is not @", "\x00", gsm7.CharError{Rune: 0}},
		{"tab", "abcdefgh\t", gsm7.CharError{Rune: '\t', Offset: 8, Index: 8}},
		{"backtick", "`", gsm7.CharError{Rune: '`'}},
		{"DEL", "\x7f", gsm7.CharError{Rune: 0x7F}},
		{"invalid UTF-8", "a\xff", gsm7.CharError{Rune: 0xFFFD, Offset: 1, Index: 1}},
		{"truncated euro", "abcdefg\xe2\x82", gsm7.CharError{Rune: 0xFFFD, Offset: 7, Index: 7}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, encode := range []func() ([]byte, error){
				func() ([]byte, error) { return gsm7.Tables{}.Encode(nil, tt.text) },
				func() ([]byte, error) { return gsm7.Tables{}.EncodePacked(nil, tt.text, 0) },
			} {
				_, err := encode()
				var e *gsm7.CharError
				require.ErrorAs(t, err, &e)
				assert.Equal(t, tt.want, *e)
			}
		})
	}
}

func TestUnpackTooShort(t *testing.T) {
	var short *gsm7.LengthError
	septets, err := gsm7.Unpack(nil, []byte{0xE1, 0x70}, 3, 0)
	require.ErrorAs(t, err, &short)
	assert.Equal(t, gsm7.LengthError{Septets: 3, Octets: 2}, *short)
	assert.Equal(t, "aa", string(septets))
	_, err = gsm7.Tables{}.DecodePacked(nil, nil, 1, 0)
	require.ErrorAs(t, err, &short)
	_, err = gsm7.Unpack(nil, make([]byte, 7), 8, 1) // 56 bits are 8 septets, and no fill bit more
	require.ErrorAs(t, err, &short)
	got, err := gsm7.Unpack(nil, []byte{1}, -5, 0)
	require.NoError(t, err)
	assert.Empty(t, got)
}

func TestNoAllocations(t *testing.T) {
	text := strings.Repeat("The quick brown fox [§] €", 6)
	septets, err := gsm7.Tables{}.Encode(nil, text)
	require.NoError(t, err)
	packed := gsm7.Pack(nil, septets, 0)
	buf := make([]byte, 0, 1024)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = gsm7.Tables{}.EncodePacked(buf, text, 1) }))
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = gsm7.Tables{}.DecodePacked(buf, packed, len(septets), 0) }))
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = gsm7.Tables{}.Encode(buf, text) }))
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("hello\x1b\x65"), uint8(0), uint8(0), 3, 1)
	f.Add([]byte{0x1B}, uint8(4), uint8(6), -1, 9)
	f.Fuzz(func(t *testing.T, octets []byte, locking, single uint8, n, fill int) {
		pair := gsm7.Tables{Locking: gsm7.Language(locking), Single: gsm7.Language(single)}
		lenient := pair.Decode(nil, octets)
		strict, err := pair.DecodeStrict(nil, octets)
		if err == nil {
			require.Equal(t, string(lenient), string(strict))
			septets, err := pair.Encode(nil, string(strict))
			require.NoError(t, err)
			require.Equal(t, string(strict), string(pair.Decode(nil, septets)))
		}
		septets, err := gsm7.Unpack(nil, octets, n, fill)
		text, err2 := pair.DecodePacked(nil, octets, n, fill)
		require.Equal(t, err == nil, err2 == nil)
		require.Equal(t, string(pair.Decode(nil, septets)), string(text))
		gsm7.UnpackCR(nil, octets)
	})
}

func FuzzEncode(f *testing.F) {
	f.Add("Ça va? 5 € {ok}", uint8(0), uint8(0), 1)
	f.Add("abcdefgh\xff", uint8(1), uint8(2), 0)
	f.Fuzz(func(t *testing.T, text string, locking, single uint8, fill int) {
		pair := gsm7.Tables{Locking: gsm7.Language(locking), Single: gsm7.Language(single)}
		units := 0
		for _, r := range text {
			if pair.Septets(r) == 0 {
				units = -1
				break
			}
			units += pair.Septets(r)
		}
		septets, err := pair.Encode(nil, text)
		require.Equal(t, units < 0, err != nil)
		packed, err2 := pair.EncodePacked(nil, text, fill)
		require.Equal(t, err, err2)
		if err != nil {
			return
		}
		require.Len(t, septets, units)
		require.Equal(t, text, string(pair.Decode(nil, septets)))
		back, err := pair.DecodePacked(nil, packed, units, fill)
		require.NoError(t, err)
		require.Equal(t, text, string(back))
	})
}
