package plan

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider/e164"
)

// asItStands is what phonenumbers says of a number's digits, nothing dropped.
func asItStands(n e164.Number) Match {
	code, national := n.Split()
	zeros := min(len(national)-len(strings.TrimLeft(national, "0")), len(national)-1) // of zeros alone, the last is the number
	digits, _ := strconv.ParseUint(national, 10, 64)
	p := &phonenumbers.PhoneNumber{CountryCode: new(int32(code)), NationalNumber: new(digits)}
	if zeros > 0 {
		p.ItalianLeadingZero, p.NumberOfLeadingZeros = new(true), new(int32(zeros))
	}
	return verdictOf(p)
}

// parsed is what phonenumbers says of what it makes of the number.
func parsed(n e164.Number) Match {
	p, err := phonenumbers.Parse(n.String(), "ZZ")
	if err != nil {
		return Match{Type: phonenumbers.UNKNOWN}
	}
	return verdictOf(p)
}

func verdictOf(p *phonenumbers.PhoneNumber) Match {
	return Match{
		Possible: phonenumbers.IsPossibleNumberWithReason(p) == phonenumbers.IS_POSSIBLE,
		Valid:    phonenumbers.IsValidNumber(p),
		Type:     phonenumbers.GetNumberType(p),
		Region:   phonenumbers.GetRegionCodeForNumber(p),
	}
}

// check compares with phonenumbers and reports whether the number has nothing
// that may be a national prefix.
func check(t *testing.T, s string) bool {
	t.Helper()
	n, err := e164.Parse(s)
	if err != nil {
		return false
	}
	got, known := Lookup(n)
	require.True(t, known)
	prefixed := got.Prefixed
	got.Prefixed = false
	if want := asItStands(n); got != want {
		t.Errorf("%s: got %+v, phonenumbers says %+v", s, got, want)
	}
	if want := parsed(n); !prefixed && got != want {
		t.Errorf("%s: got %+v without a prefix, phonenumbers parses and says %+v", s, got, want)
	}
	return !prefixed
}

// examples are phonenumbers' own numbers of every type in every region.
func examples(t testing.TB) []string {
	t.Helper()
	var all []string
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			if n := phonenumbers.GetExampleNumberForType(region, kind); n != nil {
				all = append(all, phonenumbers.Format(n, phonenumbers.E164))
			}
		}
	}
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		if n := phonenumbers.GetExampleNumberForNonGeoEntity(code); n != nil {
			all = append(all, phonenumbers.Format(n, phonenumbers.E164))
		}
	}
	require.Greater(t, len(all), 1000)
	return all
}

func TestNumberOfZeros(t *testing.T) {
	check(t, "+248000000")
	check(t, "+39000000000")
}

func TestEveryCallingCodeCompiles(t *testing.T) {
	for code, c := range codes() {
		if c != nil {
			assert.NotNil(t, compile(code), "calling code %d", code)
		}
	}
}

func TestExamplesEqualPhonenumbers(t *testing.T) {
	known := 0
	all := examples(t)
	for _, s := range all {
		if check(t, s) {
			known++
		}
	}
	assert.Greater(t, known, len(all)*95/100, "hardly any real number looks as if it had a prefix")
}

// Each run draws other numbers; the seed is printed where one differs.
// ANYSMS_LONG draws ten million.
func TestRandomAndMutatedNumbersEqualPhonenumbers(t *testing.T) {
	rounds := 20_000
	switch {
	case os.Getenv("ANYSMS_LONG") != "":
		rounds = 10_000_000
	case testing.Short():
		rounds = 2_000
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	all := examples(t)
	for range rounds {
		if !t.Failed() {
			check(t, draw(r, all))
		}
	}
}

func draw(r *rand.Rand, examples []string) string {
	if r.IntN(4) == 0 {
		return "+" + strconv.FormatUint(1+r.Uint64N(999_999_999_999_999), 10)
	}
	s := []byte(examples[r.IntN(len(examples))])
	for range r.IntN(4) {
		i := 1 + r.IntN(len(s)-1)
		switch r.IntN(4) {
		case 0, 1:
			s[i] = '0' + byte(r.IntN(10))
		case 2:
			s = append(s[:i], s[i+1:]...)
		case 3:
			s = append(s[:i], append([]byte{'0' + byte(r.IntN(10))}, s[i:]...)...)
		}
	}
	return string(s)
}

func TestLookupAllocatesNothing(t *testing.T) {
	n := e164.MustParse("+306900000001")
	Lookup(n)
	assert.Zero(t, testing.AllocsPerRun(100, func() { Lookup(n) }))
}

func benchmarkNumbers(b *testing.B) []e164.Number {
	var ns []e164.Number
	for _, s := range examples(b) {
		if n, err := e164.Parse(s); err == nil {
			Lookup(n) // build its plan
			ns = append(ns, n)
		}
	}
	return ns
}

func BenchmarkLookup(b *testing.B) {
	ns := benchmarkNumbers(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Lookup(ns[i%len(ns)])
	}
}

func BenchmarkPhonenumbers(b *testing.B) {
	ns := benchmarkNumbers(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		parsed(ns[i%len(ns)])
	}
}

func BenchmarkCompileNANPA(b *testing.B) {
	for b.Loop() {
		compile(1)
	}
}
