package gsm7_test

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/encoding/gsm7"
)

// printed is a table as the standard prints it: a character for each code, -1
// where there is none.
type printed struct {
	language gsm7.Language
	single   bool
	chars    [128]rune
}

// misprints are the codes whose character in the standard is an obvious misprint: the
// character is also at its proper place.
var misprints = map[string]struct {
	code          int
	print, intend rune
}{
	"kannada locking": {0x24, 0x0CAA, 0x0CA1},
}

func readPrinted(t *testing.T) []printed {
	t.Helper()
	f, err := os.Open("testdata/ts23038.txt")
	require.NoError(t, err)
	defer f.Close()
	var tables []printed
	row := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case strings.HasPrefix(lines.Text(), "#"):
		case len(fields) == 3:
			p := printed{single: fields[1] == "single"}
			if fields[0] != "default" {
				p.language, err = gsm7.ParseLanguage(fields[0])
				require.NoError(t, err)
			}
			tables, row = append(tables, p), 0
		default:
			require.Len(t, fields, 16)
			for i, s := range fields {
				r := rune(-1)
				if s != "--" {
					n, err := strconv.ParseInt(s, 16, 32)
					require.NoError(t, err)
					r = rune(n)
				}
				tables[len(tables)-1].chars[row*16+i] = r
			}
			row++
		}
	}
	for i := range tables {
		if m, ok := misprints[tables[i].name()]; ok {
			require.Equal(t, m.print, tables[i].chars[m.code])
			tables[i].chars[m.code] = m.intend
		}
	}
	return tables
}

func (p printed) name() string {
	if p.single {
		return p.language.String() + " single"
	}
	return p.language.String() + " locking"
}

func TestTablesAsPrinted(t *testing.T) {
	tables := readPrinted(t)
	require.Len(t, tables, 13+14, "Spanish has no locking table")
	for _, p := range tables {
		t.Run(p.name(), func(t *testing.T) {
			tables := gsm7.Tables{Locking: p.language}
			if p.single {
				tables = gsm7.Tables{Single: p.language}
			}
			for code, want := range p.chars {
				if code == 0x1B {
					continue // the escape
				}
				septets := []byte{byte(code)}
				if p.single {
					septets = []byte{0x1B, byte(code)}
				}
				got, err := tables.DecodeStrict(nil, septets)
				if want < 0 {
					assert.Error(t, err, "code %02X", code)
					continue
				}
				if assert.NoError(t, err, "code %02X", code) {
					assert.Equal(t, string(want), string(got), "code %02X", code)
				}
				locking, single := gsm7.Holders(want)
				held := locking
				if p.single {
					held = single
				}
				assert.True(t, held.Has(p.language), "holders of %U", want)
			}
		})
	}
}

// TestEveryRune checks for every code point whether the tables have it, and whether
// encoding and decoding agree.
func TestEveryRune(t *testing.T) {
	tables := readPrinted(t)
	held := map[gsm7.Language]*[2]map[rune]bool{}
	for _, p := range tables {
		if held[p.language] == nil {
			held[p.language] = &[2]map[rune]bool{{}, {}}
		}
		side := 0
		if p.single {
			side = 1
		}
		for _, r := range p.chars {
			held[p.language][side][r] = true
		}
	}
	for l, sides := range held {
		if l == gsm7.Spanish {
			sides[0] = held[gsm7.Default][0]
		}
		pair := gsm7.Tables{Locking: l, Single: l}
		for r := rune(0); r <= 0x2FFF; r++ {
			want := 0
			if sides[0][r] {
				want = 1
			} else if sides[1][r] {
				want = 2
			}
			if pair.Septets(r) != want {
				t.Fatalf("%s: %U costs %d, want %d", l, r, pair.Septets(r), want)
			}
			septets, err := pair.Encode(nil, string(r))
			if want == 0 {
				require.Error(t, err)
				continue
			}
			require.NoError(t, err)
			require.Len(t, septets, want)
			require.Equal(t, string(r), string(pair.Decode(nil, septets)))
		}
	}
	for r := rune(0x3000); r <= 0x10FFFF; r++ {
		if n := (gsm7.Tables{}).Septets(r); n != 0 {
			t.Fatalf("%U costs %d", r, n)
		}
	}
	assert.Zero(t, gsm7.Tables{}.Septets(-1))
}

func TestHolders(t *testing.T) {
	for l := gsm7.Default; l.Valid(); l++ {
		if !gsm7.LockingLanguages.Has(l) {
			continue
		}
		for r := rune(-1); r < 0x3000; r++ {
			locking, _ := gsm7.Holders(r)
			if septets := (gsm7.Tables{Locking: l}).Septets(r); locking.Has(l) != (septets == 1) {
				t.Fatalf("%U: Holders says %t for %s, which needs %d septets", r, locking.Has(l), l, septets)
			}
		}
	}
	locking, single := gsm7.Holders('€')
	assert.False(t, locking.Has(gsm7.Default))
	assert.True(t, single.Has(gsm7.Default))
	locking, single = gsm7.Holders(utf8.MaxRune)
	assert.Zero(t, locking|single)
}

func TestUnknownLanguageStandsForDefault(t *testing.T) {
	odd := gsm7.Tables{Locking: 77, Single: 200}
	assert.Equal(t, 1, odd.Septets('a'))
	assert.Equal(t, 2, odd.Septets('€'))
	assert.Equal(t, "language 77", gsm7.Language(77).String())
	assert.Empty(t, gsm7.Language(77).Code())
	assert.True(t, gsm7.Urdu.Valid())
	assert.Equal(t, "ur", gsm7.Urdu.Code())
	assert.False(t, (gsm7.Urdu + 1).Valid())
	assert.Equal(t, gsm7.AllLanguages.String(), (gsm7.AllLanguages | 1<<(gsm7.Urdu+1)).String())
}

func TestLanguages(t *testing.T) {
	s, err := gsm7.ParseLanguages("tr, Spanish,UR")
	require.NoError(t, err)
	assert.Equal(t, gsm7.NewLanguages(gsm7.Turkish, gsm7.Spanish, gsm7.Urdu), s)
	assert.Equal(t, "tr,es,ur", s.String())
	assert.Equal(t, gsm7.Turkish, s.First())
	all, err := gsm7.ParseLanguages("all")
	require.NoError(t, err)
	assert.Equal(t, gsm7.AllLanguages, all)
	assert.False(t, gsm7.LockingLanguages.Has(gsm7.Spanish))
	none, err := gsm7.ParseLanguages(" ")
	require.NoError(t, err)
	assert.Zero(t, none)
	assert.Zero(t, gsm7.NewLanguages(gsm7.Default, 99))
	_, err = gsm7.ParseLanguages("tr,xx")
	assert.ErrorContains(t, err, `"xx"`)
	assert.ErrorContains(t, err, "tr,es,pt,bn,gu,hi,kn,ml,or,pa,ta,te,ur")
}
