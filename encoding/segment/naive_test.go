package segment_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
)

// This file is a second implementation to compare with, slow and as close as possible
// to the words of 3GPP TS 23.038 and 23.040.

// The default alphabet and its extension table, TS 23.038 §6.2.1 and §6.2.1.1.
const (
	naiveBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	naiveExtension = "\f^{}\\[~]|€"
)

type naiveSegment struct {
	text  string
	units int
}

type naiveResult struct {
	encoding segment.Encoding
	tables   gsm7.Tables
	units    int
	segments []naiveSegment
}

// naiveWidth is the number of septets of a character, 0 if it cannot be encoded.
func naiveWidth(r rune, e segment.Encoding, t gsm7.Tables) int {
	switch {
	case e == segment.UCS2 && r > 0xFFFF:
		return 2
	case e == segment.UCS2:
		return 1
	case t != gsm7.Tables{}:
		return t.Septets(r)
	case strings.ContainsRune(naiveBasic, r):
		return 1
	case strings.ContainsRune(naiveExtension, r):
		return 2
	}
	return 0
}

// naiveLimit counts the bits of a segment: 140 octets, less the header, which is
// one octet of length and the elements.
func naiveLimit(e segment.Encoding, t gsm7.Tables, concatenated, ref16 bool) int {
	elements := 0
	if concatenated && ref16 {
		elements += 2 + 4
	} else if concatenated {
		elements += 2 + 3
	}
	if t.Locking != 0 {
		elements += 2 + 1
	}
	if t.Single != 0 {
		elements += 2 + 1
	}
	header := 0
	if elements > 0 {
		header = 1 + elements
	}
	if e == segment.UCS2 {
		return (140 - header) / 2
	}
	return (140*8 - header*8) / 7
}

func naive(text string, opts segment.Options) naiveResult {
	best := naiveResult{encoding: segment.UCS2}
	found := false
	for l := gsm7.Default; l <= gsm7.Urdu; l++ {
		for s := gsm7.Default; s <= gsm7.Urdu; s++ {
			if l != 0 && (!opts.Locking.Has(l) || l == gsm7.Spanish) || s != 0 && !opts.Single.Has(s) {
				continue
			}
			t := gsm7.Tables{Locking: l, Single: s}
			holds := true
			for _, r := range text {
				holds = holds && naiveWidth(r, segment.GSM7, t) > 0
			}
			if !holds {
				continue
			}
			got := naiveSplit(text, segment.GSM7, t, opts)
			if !found || naiveCheaper(got, best) {
				best, found = got, true
			}
		}
	}
	if found {
		return best
	}
	return naiveSplit(text, segment.UCS2, gsm7.Tables{}, opts)
}

func naiveCheaper(a, b naiveResult) bool {
	shifts := func(t gsm7.Tables) (n int) {
		if t.Locking != 0 {
			n++
		}
		if t.Single != 0 {
			n++
		}
		return n
	}
	if len(a.segments) != len(b.segments) {
		return len(a.segments) < len(b.segments)
	}
	if shifts(a.tables) != shifts(b.tables) {
		return shifts(a.tables) < shifts(b.tables)
	}
	if a.units != b.units {
		return a.units < b.units
	}
	return a.tables.Locking == a.tables.Single && b.tables.Locking != b.tables.Single
}

func naiveSplit(text string, e segment.Encoding, t gsm7.Tables, opts segment.Options) naiveResult {
	result := naiveResult{encoding: e, tables: t}
	measure := func(s string) (n int) {
		for _, r := range s {
			n += naiveWidth(r, e, t)
		}
		return n
	}
	result.units = measure(text)
	if result.units <= naiveLimit(e, t, false, false) {
		result.segments = []naiveSegment{{text, result.units}}
		return result
	}
	limit := naiveLimit(e, t, true, opts.Ref16)
	for rest := text; rest != ""; {
		cut, used := len(rest), 0
		for i, r := range rest {
			if used+naiveWidth(r, e, t) > limit {
				cut = i
				break
			}
			used += naiveWidth(r, e, t)
		}
		if opts.KeepGraphemes && cut < len(rest) {
			at, state, more := 0, -1, rest
			for at < cut {
				var cluster string
				cluster, more, _, state = uniseg.FirstGraphemeClusterInString(more, state)
				if at+len(cluster) > cut && at > 0 && measure(cluster) <= limit {
					cut = at
				}
				at += len(cluster)
			}
		}
		result.segments = append(result.segments, naiveSegment{rest[:cut], measure(rest[:cut])})
		rest = rest[cut:]
	}
	return result
}

// pieces are the parts of random texts: letters of one and two units, pairs, clusters,
// national letters, control characters.
var pieces = [][]string{
	strings.Split("abcdefghij klmn opq", ""),
	{"a", "b", "{", "}", "€", "[", "\\", "~", "|", "^", "\f", "\n", "\r\n", "é", "Δ", "Ω", "ß"},
	{"ж", "я", "α", "ώ", " ", "a"},
	{"😀", "👩‍👩‍👧‍👦", "🇬🇷", "👍🏽", "1️⃣", "e\u0301", "☎️", "한", "ก็", "x"},
	{"ş", "ğ", "İ", "ı", "ç", "S", "a", " "},
	{"ã", "õ", "ê", "Ú", "ó", "a", " ", "∞"},
	{"न", "म", "स्ते", "ं", " ", "A", "1", "।", "ক"},
	{"`", "\t", "\x00", "\x1b", "\u00a0", "’", "\u200b", "x"},
}

func randomText(rng *rand.Rand) string {
	var b strings.Builder
	main := pieces[rng.IntN(len(pieces))]
	spice := pieces[rng.IntN(len(pieces))]
	every := 1 + rng.IntN(400)
	n := rng.IntN(170)
	if rng.IntN(3) == 0 {
		n = rng.IntN(900)
	}
	for range n {
		from := main
		if rng.IntN(every) == 0 {
			from = spice
		}
		b.WriteString(from[rng.IntN(len(from))])
	}
	return b.String()
}

// TestRealTexts compares with the second implementation on real messages.
func TestRealTexts(t *testing.T) {
	dir := os.Getenv("ANYSMS_DATA")
	if dir == "" {
		t.Skip("ANYSMS_DATA is not set")
	}
	data, err := os.ReadFile(filepath.Join(dir, "sms-spam-collection.tsv"))
	require.NoError(t, err)
	for text := range strings.Lines(string(data)) {
		_, text, _ = strings.Cut(strings.TrimSuffix(text, "\n"), "\t")
		want := naive(text, segment.Options{})
		a, err := segment.Analyze(text, nil)
		require.NoError(t, err)
		require.Equal(t, want.encoding, a.Encoding, text)
		require.Equal(t, want.units, a.Units, text)
		require.Len(t, want.segments, a.Segments, text)
	}
}

// TestAgainstNaive compares with the second implementation on random texts;
// ANYSMS_RANDOM_TEXTS sets how many.
func TestAgainstNaive(t *testing.T) {
	count := 4000
	if s := os.Getenv("ANYSMS_RANDOM_TEXTS"); s != "" {
		var err error
		count, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	rng := rand.New(rand.NewPCG(2026, 7))
	var parts []segment.Segment
	for range count {
		text := randomText(rng)
		var opts segment.Options
		opts.Ref16 = rng.IntN(4) == 0
		opts.KeepGraphemes = rng.IntN(3) == 0
		if rng.IntN(3) == 0 {
			opts.Single, opts.Locking = gsm7.Languages(rng.Uint32()), gsm7.Languages(rng.Uint32())
			opts.Single &= gsm7.AllLanguages
			opts.Locking &= gsm7.AllLanguages
		}
		want := naive(text, opts)
		a, err := segment.Analyze(text, &opts)
		require.NoError(t, err)
		if a.Segments != len(want.segments) || a.Units != want.units || a.Encoding != want.encoding || a.Tables != want.tables {
			t.Fatalf("%q %+v: got %+v, want %d segments, %d units, %s %v", text, opts, a, len(want.segments), want.units, want.encoding, want.tables)
		}
		parts, err = segment.Split(parts[:0], text, &opts)
		require.NoError(t, err)
		for i, p := range parts {
			if p.Text != want.segments[i].text || p.Units != want.segments[i].units {
				t.Fatalf("%q %+v: segment %d is %q, want %q", text, opts, i+1, p.Text, want.segments[i].text)
			}
		}
		if last := parts[len(parts)-1]; a.Remaining != a.UnitsPerSegment-last.Units {
			t.Fatalf("%q: remaining %d, last segment %d of %d", text, a.Remaining, last.Units, a.UnitsPerSegment)
		}
	}
}
