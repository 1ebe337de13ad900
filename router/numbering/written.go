package numbering

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// written checks how a number is written, and returns it without what is invisible.
// Package phonenumbers finds a number in almost any text: it drops letters, and takes
// the ".0" that programs add to a number for one more digit.
func written(raw, region string) (string, error) {
	if rest, isURI := cutPrefixFold(raw, "tel:"); isURI {
		return raw, checkURI(rest)
	}
	switch {
	case scientific.MatchString(raw):
		return "", errScientific
	case decimalComma.MatchString(raw):
		return "", errDecimal
	}
	clean, err := visible(strings.TrimPrefix(raw, "'")) // by which spreadsheets mark text
	if err == nil {
		return clean, checkDecimals(clean)
	}
	if p, failed := phonenumbers.Parse(raw, region); failed == nil && p.GetExtension() != "" {
		return "", errExtension
	}
	return "", err
}

var (
	errExtension  = errors.New("the number has an extension, which receives no messages")
	errLetters    = errors.New("the number has letters; want digits")
	errScientific = errors.New("the number is in scientific notation, which has lost digits; want all digits, as in a column of text")
	errDecimal    = errors.New("the number ends in decimals, as in 69….0; want digits only, as in a column of text")
)

var (
	scientific   = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[eE][+-]?[0-9]+$`)
	decimalComma = regexp.MustCompile(`^\+?[0-9]+,[0-9]{1,6}$`)
)

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// checkURI checks a tel: URI (RFC 3966) after its scheme.
func checkURI(rest string) error {
	number, parameters, _ := strings.Cut(rest, ";")
	clean, err := visible(number)
	if err == nil {
		err = checkDecimals(clean)
	}
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, _, _ := strings.Cut(parameter, "=")
		switch strings.ToLower(name) {
		case "", "phone-context", "ext", "isub":
		default:
			err = errors.Join(err, fmt.Errorf("the tel: URI has an unknown parameter %q", name))
		}
	}
	return err
}

// separators are written between the digits of a number, beside blanks and dashes.
const separators = "./()[]−ー．／（）［］⁓∼"

// visible returns a number without invisible characters. Right are digits of any
// script, one plus sign before them, blanks, and the separators of any country.
func visible(raw string) (string, error) {
	var clean strings.Builder
	plus, digits := false, false
	for at, r := range raw {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(raw[at:], "\ufffd"):
			return "", errors.New("the number is not valid UTF-8")
		case unicode.Is(unicode.Cf, r): // marks of direction and joining, copied from other programs
			continue
		case unicode.IsDigit(r):
			digits = true
		case r == '+' || r == '＋':
			if plus || digits {
				return "", errors.New("the number has a plus sign in the wrong place")
			}
			plus = true
		case r == '\t' || unicode.Is(unicode.Zs, r):
			r = ' '
		case unicode.IsSpace(r):
			return "", errors.New("the number has a line break")
		case unicode.IsLetter(r):
			return "", errLetters
		case !unicode.Is(unicode.Pd, r) && !strings.ContainsRune(separators, r),
			!plus && !digits && !strings.ContainsRune("([（［", r):
			return "", fmt.Errorf("the number has %q in the wrong place; want digits", r)
		}
		clean.WriteRune(r)
	}
	return clean.String(), nil
}

// checkDecimals refuses what is rather a decimal number: with one digit after a
// point, which no group of a telephone number has, or with zeros or two digits after
// a point that follows many digits.
func checkDecimals(s string) error {
	point := strings.LastIndexAny(s, ".．")
	if point < 0 {
		return nil
	}
	before, after := s[:point], strings.TrimRight(strings.TrimLeft(s[point:], ".．"), " ")
	if strings.ContainsFunc(after, func(r rune) bool { return !unicode.IsDigit(r) }) {
		return nil // it has other separators behind
	}
	whole := utf8.RuneCountInString(before) - utf8.RuneCountInString(strings.TrimRightFunc(before, unicode.IsDigit))
	const many = 7
	switch decimals := utf8.RuneCountInString(after); {
	case decimals == 0: // a full stop
		return nil
	case decimals == 1, whole >= many && (decimals == 2 || strings.Trim(after, "0") == ""):
		return errDecimal
	}
	return nil
}
