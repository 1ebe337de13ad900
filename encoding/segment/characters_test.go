package segment_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
)

// checkNaive compares with the second implementation.
func checkNaive(t *testing.T, text string, opts segment.Options) {
	t.Helper()
	want := naive(text, opts)
	a, err := segment.Analyze(text, &opts)
	require.NoError(t, err)
	if a.Segments != len(want.segments) || a.Units != want.units || a.Encoding != want.encoding || a.Tables != want.tables {
		t.Fatalf("%q %+v: got %+v, want %d segments, %d units, %s %v", text, opts, a, len(want.segments), want.units, want.encoding, want.tables)
	}
	parts, err := segment.Split(nil, text, &opts)
	require.NoError(t, err)
	for i, p := range parts {
		if p.Text != want.segments[i].text || p.Units != want.segments[i].units || p.Number != i+1 {
			t.Fatalf("%q %+v: segment %d is %d, %q, want %q", text, opts, i+1, p.Number, p.Text, want.segments[i].text)
		}
	}
}

// TestEveryCharacter counts each character with others around it, in the fast loop and
// in what is left after it.
func TestEveryCharacter(t *testing.T) {
	for r := range rune(0x11000) {
		if utf8.ValidRune(r) && (r < 0x3000 || r > 0xFF00) {
			checkNaive(t, string(r)+"aaaaaaa", segment.Options{})
			checkNaive(t, "aaaaaaaa"+string(r), segment.Options{})
		}
	}
}

// TestNeighbours cuts between pairs of characters that may be one grapheme.
func TestNeighbours(t *testing.T) {
	characters := []rune{
		'\r', '\n', 0x200D, 0xFE0F, 0x20DD, 0x0600, 0x0E33, 0x093F, 0x1100, 0x1161, 0x11A8, 0xAC00, 0x10000, // of every class
		0x1F1E6, 0x1F468, 0x1F44D, 0x1F9D1, 0xE0067, 0xE0100, 0x200B, 0xAD, 0xA9, 'e', 'я',
	}
	for _, edge := range []rune{0x20, 0x7F, 0xC0, 0x300, 0x370, 0x483, 0x489, 0x530, 0x4E00, 0xA000, 0x1F300, 0x1F3FB, 0x1F3FF, 0x1F650} {
		characters = append(characters, edge-1, edge, edge+1)
	}
	keep := segment.Options{KeepGraphemes: true}
	for _, a := range characters {
		for _, b := range characters {
			pair := string(a) + string(b)
			units := naiveWidth(a, segment.UCS2, gsm7.Tables{}) // the first segment ends between them
			checkNaive(t, strings.Repeat("я", 67-units)+pair+"яяяяя", keep)
		}
	}
}

// TestClusterNearTheLimit cuts clusters that are nearly as long as a segment, or longer.
func TestClusterNearTheLimit(t *testing.T) {
	keep := segment.Options{KeepGraphemes: true}
	for _, cluster := range []struct{ base, mark string }{{"e", "\u0301"}, {"中", "\u20dd"}} {
		for _, marks := range []int{2, 64, 65, 66, 67, 68, 100, 150} {
			for before := range 68 {
				checkNaive(t, strings.Repeat("я", before)+cluster.base+strings.Repeat(cluster.mark, marks)+"я", keep)
			}
		}
	}
}

// TestNationalNearTheLimit are texts that national tables make shorter by a segment, or
// just do not.
func TestNationalNearTheLimit(t *testing.T) {
	tr, pt := gsm7.NewLanguages(gsm7.Turkish), gsm7.NewLanguages(gsm7.Portuguese)
	for _, opts := range []segment.Options{{Locking: tr}, {Locking: tr | pt, Single: tr | pt}, {Locking: tr, Ref16: true}} {
		for chars := 140; chars <= 320; chars += 1 + chars%3 {
			for _, euros := range []int{5, 10, 30, 60, 100, 140} {
				checkNaive(t, strings.Repeat("€", euros)+strings.Repeat("a", chars-euros), opts)
			}
		}
		for _, text := range []string{"ç", "çç", "ş", "ç{", "çã", "a€ç", "ê", "ã{ç", "Ğ", "ğ€"} {
			checkNaive(t, text, opts)
		}
	}
}

func TestNamesOfUnknownValues(t *testing.T) {
	assert.Equal(t, "binary", segment.Binary.String())
	assert.Equal(t, "encoding 3", segment.Encoding(3).String())
	assert.Equal(t, "cluster", segment.Cluster.String())
	assert.Equal(t, "end 5", segment.End(5).String())
}

func TestSplitAppends(t *testing.T) {
	segments, err := segment.Split(nil, strings.Repeat("a", 200), nil)
	require.NoError(t, err)
	segments, err = segment.Split(segments, strings.Repeat("b", 200), nil)
	require.NoError(t, err)
	var numbers, totals []int
	for _, s := range segments {
		numbers, totals = append(numbers, s.Number), append(totals, s.Total)
	}
	assert.Equal(t, []int{1, 2, 1, 2}, numbers)
	assert.Equal(t, []int{2, 2, 2, 2}, totals)
}
