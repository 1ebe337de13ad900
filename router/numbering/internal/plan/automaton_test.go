package plan

import (
	"regexp"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider/e164"
)

// A pattern that tests more than digits cannot be walked; phonenumbers is asked then.
func TestBuildRefuses(t *testing.T) {
	for expression, walks := range map[string]bool{`3\d{2}`: true, `3(?:1|2)?`: true, `3\b`: false, `31$`: false} {
		c := new(compiler)
		a := &automaton{national: -1, regions: []region{{general: c.add(expression, nil, false)}}}
		require.False(t, c.failed)
		assert.Equal(t, walks, a.build(c.patterns), expression)
	}
	c := new(compiler)
	c.add(`3\b`, nil, true)
	assert.True(t, new(automaton).build(c.patterns), "in a prefix it is taken for granted")
	c.add(`(`, nil, false)
	assert.True(t, c.failed, "not an expression")
	assert.Nil(t, compile(999), "not a calling code")
}

func TestLengthBits(t *testing.T) {
	for _, tt := range []struct {
		lengths []int32
		want    uint32
	}{
		{nil, 0},
		{[]int32{0}, 1},
		{[]int32{1}, 1 << 1},
		{[]int32{7, 10}, 1<<7 | 1<<10},
		{[]int32{30}, 1 << 30},
		{[]int32{-1}, 1 << 31},
		{[]int32{31}, 1 << 31},
		{[]int32{9, 40}, 1<<9 | 1<<31},
	} {
		assert.Equal(t, tt.want, lengthBits(tt.lengths), tt.lengths)
	}
}

// Prefixed is what the metadata's expression says, in a plain search, without the ends
// that it asks for.
func TestPrefixed(t *testing.T) {
	prefixes := make(map[int]*regexp.Regexp)
	for code, c := range codes() {
		if c == nil {
			continue
		}
		metadata, err := regionsOf(code, phonenumbers.GetRegionCodesForCountryCode(code))
		require.NoError(t, err)
		if p := metadata[0].GetNationalPrefixForParsing(); p != "" {
			prefixes[code] = regexp.MustCompile("^(?:" + strings.ReplaceAll(p, "$", "") + ")")
			prefixes[code].Longest()
		}
	}
	require.Greater(t, len(prefixes), 100)
	with, without := 0, 0
	for _, s := range examples(t) {
		n, err := e164.Parse(s)
		if err != nil {
			continue // a short one
		}
		code, national := n.Split()
		for _, written := range []string{national, "0" + national, "8" + national, "1" + national} {
			if len(written) > maxNational {
				continue
			}
			m, known := lookupDigits(code, written)
			require.True(t, known)
			if re := prefixes[code]; re != nil && re.FindString(written) != "" {
				assert.True(t, m.Prefixed, "+%d %s", code, written)
				with++
			} else {
				assert.False(t, m.Prefixed, "+%d %s", code, written)
				without++
			}
		}
	}
	assert.Greater(t, with, 500)
	assert.Greater(t, without, 500)
}

func lookupDigits(code int, national string) (Match, bool) {
	c := codes()[code]
	c.once.Do(func() { c.automaton = compile(code) })
	if c.automaton == nil {
		return Match{}, false
	}
	digits := make([]byte, len(national))
	for i := range digits {
		digits[i] = national[i] - '0'
	}
	return c.automaton.match(digits), true
}
