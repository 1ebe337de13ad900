package provider

import (
	"errors"
	"log/slog"
	"strings"
	"time"
)

// Error is the error type of all drivers.
//
// Its text never shows a run of seven or more digits, so that a vendor's message
// cannot carry a phone number into a log. What the vendor repeats of the message
// itself, drivers take out before: package redact.
type Error struct {
	Code          Code
	VendorCode    string        // the vendor's own code, as it wrote it
	VendorMessage string        // the vendor's own words, without the message's text and number; Error() masks other numbers
	RetryAfter    time.Duration // how long the vendor asks us to wait; 0 = it did not say
	// ID is what the vendor calls a message in doubt, as in [Receipt]; where it has
	// accepted some of the segments, the others' ids are empty in the list. "" = not known.
	ID  string
	Err error // the cause; nil = none
}

// NewError makes an [Error] whose cause is a plain message, for what a driver
// itself has to say; a vendor's words go into VendorMessage.
func NewError(code Code, message string) *Error {
	return &Error{Code: code, Err: errors.New(message)}
}

// Error returns the code, the vendor's code and message, and the cause, with
// digits masked by [Mask].
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if e.VendorCode != "" {
		b.WriteString(" (vendor code " + Mask(e.VendorCode) + ")")
	}
	if e.VendorMessage != "" {
		b.WriteString(": " + Mask(e.VendorMessage))
	}
	if e.Err != nil {
		b.WriteString(": " + Mask(e.Err.Error()))
	}
	return b.String()
}

// GoString redacts like Error.
func (e *Error) GoString() string { return "&provider.Error{" + e.Error() + "}" }

// LogValue redacts like Error.
func (e *Error) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// MarshalText redacts like Error.
func (e *Error) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the error's own Code, and errors.ErrUnsupported if that is
// [Unsupported].
func (e *Error) Is(target error) bool {
	if c, ok := target.(Code); ok {
		return e.Code == c
	}
	return target == errors.ErrUnsupported && e.Code == Unsupported
}

// maskRun is the shortest run of digits that Mask hides: a phone number has seven
// or more, a vendor's code or a year has fewer.
const maskRun = 7

// Mask replaces each run of seven or more ASCII digits with "***". In a run that
// follows a plus sign or an opening parenthesis, as in "+1 (415) 555-2671", spaces
// and punctuation may stand between the digits. The ids that a ledger gives to messages
// and attempts, such as msg_019aa9c0-8f5e-7d2a-9c3b-5f1e2d3c4b5a, stay as they are.
func Mask(s string) string {
	var b []byte // stays nil until the first run is found
	kept := 0
	for i := 0; i < len(s); {
		if !isDigit(s[i]) {
			i += max(1, idLength(s, i))
			continue
		}
		spaced := i > 0 && (s[i-1] == '+' || s[i-1] == '(')
		end, digits := digitRun(s, i, spaced)
		if digits >= maskRun {
			b = append(append(b, s[kept:i]...), "***"...)
			kept = end
		}
		i = end
	}
	if kept == 0 {
		return s
	}
	return string(append(b, s[kept:]...))
}

// idLength returns how long the rest of an id is whose underscore is at i; 0 = there is no
// id.
func idLength(s string, i int) int {
	const uuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if s[i] != '_' || len(s)-i <= len(uuid) || !strings.HasSuffix(s[:i], "msg") && !strings.HasSuffix(s[:i], "att") {
		return 0
	}
	for j, c := range []byte(s[i+1:][:len(uuid)]) {
		hyphen := uuid[j] == '-'
		if hyphen != (c == '-') || !hyphen && !isDigit(c) && (c < 'a' || c > 'f') {
			return 0
		}
	}
	return 1 + len(uuid)
}

// digitRun returns where the digits from i on end, and how many they are.
func digitRun(s string, i int, spaced bool) (end, digits int) {
	for end = i; i < len(s); i++ {
		switch {
		case isDigit(s[i]):
			digits++
			end = i + 1
		case !spaced || i-end >= maxBetween || !strings.ContainsRune(" -./()", rune(s[i])):
			return end, digits
		}
	}
	return end, digits
}

// maxBetween is how many characters may stand between two digits of a number.
const maxBetween = 3

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
