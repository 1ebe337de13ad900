// Package e164 holds telephone numbers in the international form of ITU-T
// Recommendation E.164: a country calling code and a national number, at most
// fifteen digits together.
//
// The package knows the shape of a number and where its calling code ends. It
// makes no claim about national numbering plans: package router/numbering says
// whether a number can exist and whether it is a mobile one.
package e164

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
)

// MinDigits and MaxDigits bound a number's length, calling code included.
// Fifteen is the limit of E.164 §6; the shortest numbers in use (Niue, Saint
// Helena) have seven or eight digits.
const (
	MinDigits = 7
	MaxDigits = 15
)

// ErrSyntax is what every parse error wraps.
var ErrSyntax = errors.New("not an E.164 number")

// Number is an international telephone number. It is comparable, needs no
// memory of its own and is safe to copy; the zero Number is "no number".
//
// In logs a Number is masked; see [Number.LogValue].
type Number struct {
	// digits holds the number's decimal digits. No calling code begins with a
	// zero, so the integer determines the digits.
	digits uint64
}

// Parse reads a number in the form "+306900000001": a plus sign and 7 to 15
// digits, the first of which is not 0. It accepts nothing else, neither blanks
// nor punctuation; use router/numbering for what people type.
func Parse(s string) (Number, error) {
	if s == "" {
		return Number{}, fmt.Errorf("%w: empty; want a plus sign and %d to %d digits", ErrSyntax, MinDigits, MaxDigits)
	}
	if s[0] != '+' {
		return Number{}, fmt.Errorf("%w: no leading plus sign; want a plus sign and %d to %d digits", ErrSyntax, MinDigits, MaxDigits)
	}
	return ParseDigits(s[1:])
}

// ParseDigits reads a number written without its plus sign, as many vendors
// do: "306900000001".
func ParseDigits(s string) (Number, error) {
	if len(s) < MinDigits || len(s) > MaxDigits {
		return Number{}, fmt.Errorf("%w: %d digits; want %d to %d", ErrSyntax, len(s), MinDigits, MaxDigits)
	}
	if s[0] == '0' {
		return Number{}, fmt.Errorf("%w: no calling code begins with 0", ErrSyntax)
	}
	var v uint64
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return Number{}, fmt.Errorf("%w: %q at position %d is not a digit", ErrSyntax, s[i], i+1)
		}
		v = v*10 + uint64(d)
	}
	return Number{digits: v}, nil
}

// MustParse is like [Parse] but panics on a bad number. It is for numbers in a
// program's source.
func MustParse(s string) Number {
	n, err := Parse(s)
	if err != nil {
		panic("e164: " + err.Error())
	}
	return n
}

// IsZero reports whether n is the zero Number.
func (n Number) IsZero() bool { return n.digits == 0 }

// String returns the number with its plus sign, or "" for the zero Number.
func (n Number) String() string {
	if n.IsZero() {
		return ""
	}
	return string(n.Append(make([]byte, 0, MaxDigits+1)))
}

// Digits returns the number without its plus sign, or "" for the zero Number.
func (n Number) Digits() string {
	if n.IsZero() {
		return ""
	}
	return strconv.FormatUint(n.digits, 10)
}

// Append appends the number with its plus sign to b; it appends nothing for
// the zero Number.
func (n Number) Append(b []byte) []byte {
	if n.IsZero() {
		return b
	}
	return strconv.AppendUint(append(b, '+'), n.digits, 10)
}

// Uint64 returns the number's digits as one integer, a compact key for tables.
func (n Number) Uint64() uint64 { return n.digits }

// Masked returns the number as a log may show it: the calling code and nothing
// of the subscriber, "+30***".
func (n Number) Masked() string {
	if n.IsZero() {
		return ""
	}
	code, _ := n.Split()
	return "+" + strconv.Itoa(code) + "***"
}

// LogValue masks the number in structured logs.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.Masked()) }

// MarshalText writes the number with its plus sign; the zero Number is empty.
func (n Number) MarshalText() ([]byte, error) { return n.Append(nil), nil }

// UnmarshalText reads what [Number.MarshalText] writes.
func (n *Number) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*n = Number{}
		return nil
	}
	v, err := Parse(string(b))
	if err != nil {
		return err
	}
	*n = v
	return nil
}
