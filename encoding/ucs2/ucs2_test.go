package ucs2_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/ucs2"
)

func Example() {
	octets, _ := ucs2.Encode(nil, "я😀")
	fmt.Printf("% X\n", octets)
	text, err := ucs2.Decode(nil, octets[:4])
	fmt.Printf("%s %v\n", text, err)
	// Output:
	// 04 4F D8 3D DE 00
	// я� ucs2: lone surrogate 0xd83d at octet 2
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name, octets, text string
		err                error
	}{
		{"empty", "", "", nil},
		{"letters", "\x00a\x04\x4f\x20\xac", "aя€", nil},
		{"pair", "\xd8\x3d\xde\x00", "😀", nil},
		{"odd", "\x00a\x00", "a\uFFFD", &ucs2.OddLengthError{Length: 3}},
		{"one octet", "\x00", "\uFFFD", &ucs2.OddLengthError{Length: 1}},
		{"high alone at the end", "\x00a\xd8\x3d", "a\uFFFD", &ucs2.SurrogateError{Unit: 0xD83D, Offset: 2}},
		{"high before a letter keeps the letter", "\xd8\x3d\x00a", "\uFFFDa", &ucs2.SurrogateError{Unit: 0xD83D}},
		{"high before a pair keeps the pair", "\xd8\x3d\xd8\x3d\xde\x00", "\uFFFD😀", &ucs2.SurrogateError{Unit: 0xD83D}},
		{"low alone", "\xde\x00\x00a", "\uFFFDa", &ucs2.SurrogateError{Unit: 0xDE00}},
		{"the last low", "\xdf\xff\x00a", "\uFFFDa", &ucs2.SurrogateError{Unit: 0xDFFF}},
		{"the first low before a low", "\xdc\x00\xdc\x00", "\uFFFD\uFFFD", &ucs2.SurrogateError{Unit: 0xDC00}},
		{"the last pair", "\xdb\xff\xdf\xff", "\U0010FFFF", nil},
		{"what surrounds the surrogates", "\xd7\xff\xe0\x00", "\uD7FF\uE000", nil},
		{"high before half a unit", "\xd8\x3d\xde", "\uFFFD\uFFFD", &ucs2.SurrogateError{Unit: 0xD83D}},
		{"U+FFFD itself is no fault", "\xff\xfd", "\uFFFD", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, err := ucs2.Decode(nil, []byte(tt.octets))
			assert.Equal(t, tt.text, string(text))
			assert.Equal(t, tt.err, err)
			if err != nil {
				assert.NotEmpty(t, err.Error())
			}
		})
	}
}

func TestEncodeInvalid(t *testing.T) {
	for text, offset := range map[string]int{
		"\xff": 0, "a\x80": 1, "яя\xd1": 4, "\xc0\x80": 0, "a\xed\xa0\x80": 1, "\xf5\x80\x80\x80": 0, "\xe2\x82": 0,
		"\xc3(": 0, "aя\xc3\xc3": 3, "\xd1\xff": 0,
	} {
		octets, err := ucs2.Encode(nil, text)
		assert.Equal(t, &ucs2.InvalidUTF8Error{Offset: offset}, err, "%q", text)
		before, err := ucs2.Encode(nil, text[:offset])
		require.NoError(t, err)
		assert.Equal(t, string(before), string(octets), "%q", text)
	}
}

func TestEveryRune(t *testing.T) {
	var octets, text []byte
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		var err error
		octets, err = ucs2.Encode(octets[:0], string(r))
		require.NoError(t, err)
		text, err = ucs2.Decode(text[:0], octets)
		if err != nil || string(text) != string(r) {
			t.Fatalf("%U: % x, %q, %v", r, octets, text, err)
		}
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("aя€😀\xff")
	f.Fuzz(func(t *testing.T, text string) {
		octets, err := ucs2.Encode(nil, text)
		require.Equal(t, utf8.ValidString(text), err == nil)
		if err != nil {
			return
		}
		var want []byte
		for _, u := range utf16.Encode([]rune(text)) {
			want = binary.BigEndian.AppendUint16(want, u)
		}
		require.Equal(t, string(want), string(octets))
		back, err := ucs2.Decode(nil, octets)
		require.NoError(t, err)
		require.Equal(t, text, string(back))
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\xd8\x3d\xde\x00\x00"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		text, err := ucs2.Decode(nil, octets)
		require.True(t, utf8.Valid(text))
		units := make([]uint16, 0, len(octets)/2)
		for i := 0; i+1 < len(octets); i += 2 {
			units = append(units, binary.BigEndian.Uint16(octets[i:]))
		}
		want := string(utf16.Decode(units))
		if len(octets)%2 == 1 {
			want += "\uFFFD"
		}
		require.Equal(t, want, string(text))
		if err == nil {
			back, err := ucs2.Encode(nil, string(text))
			require.NoError(t, err)
			require.Equal(t, string(octets), string(back))
		}
	})
}
