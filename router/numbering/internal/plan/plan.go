// Package plan holds the numbering plans of package phonenumbers in a form that
// is walked once per number: for each country calling code, one deterministic
// automaton over digits that matches all patterns of all its regions at the same
// time.
//
// The automata are built from the metadata that is linked, when a calling code
// is first needed, so that they are never older than it.
package plan

import (
	"sync"

	"github.com/nyaruka/phonenumbers"

	"github.com/anysms/anysms/provider/e164"
)

// Match is the verdict on a number as it is, the same as phonenumbers'.
type Match struct {
	Possible bool // IsPossibleNumberWithReason is IS_POSSIBLE
	Valid    bool
	Type     phonenumbers.PhoneNumberType // UNKNOWN if not valid
	Region   string                       // "" = none; "001" = not a country
	// Prefixed means that the national part begins with what may be a national
	// prefix, as in +44 0 20…, which phonenumbers drops when it parses.
	Prefixed bool
}

// maxNational is the longest national number: E.164's digits less a calling
// code of one.
const maxNational = e164.MaxDigits - 1

// countryCode is one calling code's plan, built when it is first needed.
type countryCode struct {
	once      sync.Once
	automaton *automaton // nil: the metadata has something that cannot be expressed
}

// codes are the plans by calling code. Codes without regions stay nil.
var codes = sync.OnceValue(func() *[1000]*countryCode {
	var table [1000]*countryCode
	for code := range phonenumbers.GetSupportedCallingCodes() {
		table[code] = new(countryCode)
	}
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		table[code] = new(countryCode)
	}
	return &table
})

// Lookup judges a number. known is false if the metadata of its calling code has
// something that no automaton can express; there is no such code today, and a
// test says so if one comes.
func Lookup(n e164.Number) (m Match, known bool) {
	var digits [e164.MaxDigits + 1]byte
	start := spell(&digits, n.Uint64())
	code, c, national := callingCode(digits[start:])
	if c == nil {
		return Match{Type: phonenumbers.UNKNOWN}, true // no such calling code
	}
	c.once.Do(func() { c.automaton = compile(code) })
	if c.automaton == nil {
		return Match{}, false
	}
	return c.automaton.match(national), true
}

// spell writes the digits of v, as numbers from 0 to 9, to the end of b and returns
// where they begin.
func spell(b *[e164.MaxDigits + 1]byte, v uint64) int {
	i := len(b)
	for v > 0 {
		i--
		b[i] = byte(v % 10)
		v /= 10
	}
	return i
}

// callingCode splits at the shortest prefix that is a calling code with a plan;
// c is nil if there is none.
func callingCode(digits []byte) (code int, c *countryCode, national []byte) {
	table := codes()
	for i := 0; i < len(digits) && i < 3; i++ {
		code = code*10 + int(digits[i])
		if c = table[code]; c != nil {
			return code, c, digits[i+1:]
		}
	}
	return 0, nil, nil
}
