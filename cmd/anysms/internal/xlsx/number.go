package xlsx

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// isDigit reports whether a token is the placeholder of a digit.
func (t token) isDigit() bool {
	return t.kind == '0' || t.kind == '#' || t.kind == '?'
}

// prepareNumber finds what commas and percent signs mean. It is false if the section
// is not of a known form.
func (s *section) prepareNumber() bool {
	count := make(map[byte]int)
	for _, t := range s.tokens {
		count[t.kind]++
	}
	placeholders := count['0'] + count['#'] + count['?']
	switch {
	case count['/'] > 0, count['@'] > 0, count['.'] > 1, count[exponent] > 1, count[general] > 1:
		return false
	case count[general] > 0:
		return placeholders+count['.']+count[',']+count['%']+count[exponent] == 0
	case placeholders == 0 && count['.']+count['%']+count[exponent] > 0:
		return false
	}
	s.shift = 2 * count['%']
	s.commas()
	return count[exponent] == 0 || s.prepareExponent()
}

// commas removes the commas that are not literals. One between the digits before the
// point groups them; one behind the last digit before or after the point divides the
// number by 1000.
func (s *section) commas() {
	const thousand = 3
	var rest []token
	for i, t := range s.tokens {
		switch {
		case t.kind != ',':
			rest = append(rest, t)
		case len(rest) == 0 || !rest[len(rest)-1].isDigit():
			rest = append(rest, token{literal, t.text})
		case digitFollows(s.tokens[i:]):
			s.grouped = true
		default:
			s.shift -= thousand
		}
	}
	s.tokens = rest
}

// digitFollows reports whether there is a digit's placeholder before the next point or
// exponent.
func digitFollows(tokens []token) bool {
	for _, t := range tokens {
		if t.isDigit() {
			return true
		}
		if t.kind == '.' || t.kind == exponent {
			return false
		}
	}
	return false
}

// prepareExponent reports whether digits are on both sides of the exponent, and those
// behind it are zeros.
func (s *section) prepareExponent() bool {
	mantissa, power := s.split()
	if power == nil || s.grouped || !digitFollows(mantissa) {
		return false
	}
	for i, t := range power[1:] {
		if t.kind != '0' && (i == 0 || t.kind != literal && t.kind != '%') {
			return false
		}
	}
	return true
}

// split returns the tokens before the exponent, and those from it on.
func (s *section) split() (mantissa, power []token) {
	for i, t := range s.tokens {
		if t.kind == exponent && i+1 < len(s.tokens) {
			return s.tokens[:i], s.tokens[i:]
		}
	}
	return s.tokens, nil
}

// number writes a number without its sign.
func (s *section) number(d decimal) string {
	for i, t := range s.tokens {
		if t.kind == general {
			return fixed(s.tokens[:i], d, false) + d.String() + fixed(s.tokens[i+1:], d, false)
		}
	}
	d.point += s.shift
	mantissa, power := s.split()
	if power == nil {
		return fixed(s.tokens, d, s.grouped)
	}
	d, exponent := d.scientific(mantissa)
	return fixed(mantissa, d, false) + writePower(power, exponent)
}

// fixed writes a number's digits at their placeholders. The first placeholder takes all
// digits that have none.
func fixed(tokens []token, d decimal, grouped bool) string {
	before, after, needed := placeholders(tokens)
	whole, fraction := d.rounded(after)
	needed = max(needed, len(strings.TrimRight(fraction, "0")))
	var b strings.Builder
	first, zeros, point := true, false, false
	at, position := 0, before // of the next digit after the point, and before it counted from the point
	for _, t := range tokens {
		switch {
		case t.kind == '.':
			if before == 0 {
				writeWhole(&b, whole, len(whole), grouped)
			}
			point = true
			b.WriteByte('.')
		case !t.isDigit():
			b.WriteString(t.text)
		case point:
			writeDigit(&b, t.kind, fraction[at], at < needed)
			at++
		default:
			if first && len(whole) > before {
				writeWhole(&b, whole[:len(whole)-before], len(whole), grouped)
			}
			position--
			first, zeros = false, zeros || t.kind == '0'
			digit, shown := byte('0'), position < len(whole) || zeros
			if position < len(whole) {
				digit = whole[len(whole)-1-position]
			}
			writeDigit(&b, t.kind, digit, shown)
			if shown {
				separate(&b, position, grouped)
			}
		}
	}
	return b.String()
}

// placeholders counts those before and after the point, and those after it that are
// shown in any case.
func placeholders(tokens []token) (before, after, needed int) {
	point := false
	for _, t := range tokens {
		switch {
		case t.kind == '.':
			point = true
		case t.isDigit() && !point:
			before++
		case t.isDigit():
			after++
			if t.kind == '0' {
				needed = after
			}
		}
	}
	return before, after, needed
}

func writeDigit(b *strings.Builder, placeholder, digit byte, shown bool) {
	switch {
	case shown:
		b.WriteByte(digit)
	case placeholder == '?':
		b.WriteByte(' ')
	}
}

// writeWhole writes the first digits of a whole number that has a number of digits.
func writeWhole(b *strings.Builder, digits string, of int, grouped bool) {
	for i := range len(digits) {
		b.WriteByte(digits[i])
		separate(b, of-1-i, grouped)
	}
}

// separate writes a comma behind a digit before a group of three.
func separate(b *strings.Builder, position int, grouped bool) {
	const group = 3
	if grouped && position > 0 && position%group == 0 {
		b.WriteByte(',')
	}
}

func writePower(tokens []token, exponent int) string {
	width, rest := 0, ""
	for _, t := range tokens[1:] {
		if t.kind == '0' {
			width++
		} else {
			rest += t.text
		}
	}
	sign := ""
	switch {
	case exponent < 0:
		sign = "-"
	case tokens[0].text[1] == '+':
		sign = "+"
	}
	return fmt.Sprintf("E%s%0*d%s", sign, width, max(exponent, -exponent), rest)
}

// decimal is a number without its sign: its digits, and how many of them are before
// the point.
type decimal struct {
	digits string
	point  int
}

// newDecimal keeps all digits of a whole number, and 15 of another, which is what
// sheets keep.
func newDecimal(stored string, value float64) decimal {
	if whole := strings.TrimPrefix(stored, "-"); strings.Trim(whole, "0123456789") == "" {
		return decimal{whole, len(whole)}
	}
	const precise = 15
	mantissa, power, _ := strings.Cut(strconv.FormatFloat(math.Abs(value), 'e', precise-1, 64), "e")
	exponent, err := strconv.Atoi(power)
	if err != nil {
		panic(fmt.Sprintf("xlsx: exponent %q", power)) // FormatFloat writes one
	}
	return decimal{strings.Replace(mantissa, ".", "", 1), exponent + 1}
}

// rounded returns the digits before the point, without zeros at their start, and a
// number of digits after it. Halves are rounded up.
func (d decimal) rounded(decimals int) (whole, fraction string) {
	point := max(d.point, 0)
	digits := strings.Repeat("0", point-d.point) + d.digits
	cut := point + decimals
	digits += strings.Repeat("0", max(cut+1-len(digits), 0))
	kept := []byte("0" + digits[:cut])
	if digits[cut] >= '5' {
		for i := len(kept) - 1; ; i-- {
			if kept[i] != '9' {
				kept[i]++
				break
			}
			kept[i] = '0'
		}
	}
	at := len(kept) - decimals
	return strings.TrimLeft(string(kept[:at]), "0"), string(kept[at:])
}

// scientific returns the number with its point moved to where the placeholders of a
// mantissa have it, and the exponent that makes up for it.
func (d decimal) scientific(mantissa []token) (moved decimal, exponent int) {
	if strings.Trim(d.digits, "0") == "" {
		return d, 0
	}
	zeros := len(d.digits) - len(strings.TrimLeft(d.digits, "0"))
	d = decimal{d.digits[zeros:], d.point - zeros}
	before, after, _ := placeholders(mantissa)
	step := max(before, 1)
	exponent = int(math.Floor(float64(d.point-1)/float64(step))) * step
	moved = decimal{d.digits, d.point - exponent}
	if whole, _ := moved.rounded(after); len(whole) > step { // 9.99 became 10
		exponent += step
		moved.point -= step
	}
	return moved, exponent
}

// String writes the number with the digits that it has.
func (d decimal) String() string {
	whole, fraction := d.rounded(max(len(d.digits)-d.point, 0))
	if whole == "" {
		whole = "0"
	}
	return strings.TrimSuffix(whole+"."+strings.TrimRight(fraction, "0"), ".")
}
