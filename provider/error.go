package provider

import (
	"errors"
	"log/slog"
	"strings"
	"time"
)

// Error is the error type of all drivers.
//
// Its text never shows a run of five or more digits, so that a vendor's message
// cannot carry a phone number or a one-time code into a log.
type Error struct {
	Code          Code
	VendorCode    string        // the vendor's own code, as it wrote it
	VendorMessage string        // the vendor's own words; may hold a number, Error() masks it
	RetryAfter    time.Duration // how long the vendor asks us to wait; 0 = it did not say
	Err           error         // the cause; nil = none
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

// maskRun is the shortest run of digits that Mask hides.
const maskRun = 5

// Mask replaces each run of five or more ASCII digits with "***".
func Mask(s string) string {
	var b []byte // stays nil until the first run is found
	kept := 0
	for i := 0; i < len(s); {
		end := i
		for end < len(s) && '0' <= s[end] && s[end] <= '9' {
			end++
		}
		if end-i >= maskRun {
			b = append(append(b, s[kept:i]...), "***"...)
			kept = end
		}
		i = max(end, i+1)
	}
	if kept == 0 {
		return s
	}
	return string(append(b, s[kept:]...))
}
