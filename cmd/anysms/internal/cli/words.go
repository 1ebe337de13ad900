package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/anysms/anysms/cmd/anysms/internal/style"
	"github.com/anysms/anysms/provider"
)

// Plural is a count with its noun: "1 message", "5,574 messages".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Grouped(n) + " " + noun + "s"
}

// Grouped writes a number with commas: 5,574.
func Grouped(n int) string { return grouped(strconv.Itoa(n)) }

func grouped(digits string) string {
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// OrDash is s, or a dash for an empty one.
func OrDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// Harmless makes one line of what others wrote, such as a vendor's message, and
// removes what a terminal would interpret.
func Harmless(words string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, words)
}

// Visible shows a text exactly but in one line: characters that cannot be seen,
// or that a terminal would interpret, are replaced by visible ones.
func Visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		b.WriteString(visible(r))
	}
	return b.String()
}

func visible(r rune) string {
	switch {
	case r == '\n':
		return "␊"
	case r == '\r':
		return "␍"
	case r == '\t':
		return "␉"
	case r == '\f':
		return "␌"
	case unicode.IsControl(r), r == '\ufeff', unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r), unicode.Is(unicode.Bidi_Control, r):
		return fmt.Sprintf("<%U>", r)
	case unicode.Is(unicode.Zs, r) && r != ' ':
		return "␣"
	case unicode.Is(unicode.Mn, r): // a combining mark
		return "◌" + string(r)
	}
	return string(r)
}

// PaintOutcome is an outcome in its colour.
func PaintOutcome(o provider.Outcome, s style.Style) string {
	switch o {
	case provider.OutcomeAccepted:
		return s.Good(string(o))
	case provider.OutcomeUnknown:
		return s.Doubt(string(o))
	}
	return s.Bad(string(o))
}

// Reason is an error's text without its code.
func Reason(err error) string {
	if e, ok := errors.AsType[*provider.Error](err); ok && e.Err != nil {
		return provider.Mask(e.Err.Error())
	}
	return provider.Mask(err.Error())
}
