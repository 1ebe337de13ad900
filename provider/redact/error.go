package redact

import (
	"errors"
	"strings"

	"github.com/anysms/anysms/provider"
)

// Error returns err with hide applied to the vendor's code and words and to the
// text of the cause. If the text of an error changes, errors.Is still finds what it
// wraps, but errors.As finds only a *provider.Error. A vendor's code of up to six
// digits is not changed: it is not taken for a part of a message.
func Error(err error, hide func(string) string) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*provider.Error](err)
	if !ok {
		clean, _ := quietly(err, hide)
		return clean
	}
	if e == nil {
		return err // a driver's mistake, which has no text
	}
	clean, changed := *e, false
	clean.Err, changed = quietly(e.Err, hide)
	clean.VendorCode, clean.VendorMessage = Code(e.VendorCode, hide), hide(e.VendorMessage)
	changed = changed || clean.VendorCode != e.VendorCode || clean.VendorMessage != e.VendorMessage
	text := err.Error()
	hidden := hide(text)
	_, bare := err.(*provider.Error) //nolint:errorlint // one that is wrapped is the last case
	switch {
	case !changed && (bare || hidden == text):
		return err
	case bare:
		return &clean
	}
	return &quiet{hidden, err, &clean}
}

// Code returns a vendor's code with hide applied, unless it is up to six digits and
// nothing else.
func Code(code string, hide func(string) string) string {
	if len(code) <= 6 && strings.Trim(code, "0123456789") == "" {
		return code
	}
	return hide(code)
}

// Message returns err without what it repeats of the messages; see [Echo].
func Message(err error, ms ...*provider.Message) error {
	if err == nil {
		return nil
	}
	return Error(err, NewEcho(Private(ms...)...).Hide)
}

// Private returns the numbers and texts of messages, for [NewEcho].
func Private(ms ...*provider.Message) []string {
	private := make([]string, 0, 2*len(ms))
	for _, m := range ms {
		if m != nil {
			private = append(private, m.To.Digits(), m.Text)
		}
	}
	return private
}

// quiet is an error with another text.
type quiet struct {
	text    string
	err     error
	visible *provider.Error // nil = none
}

// quietly returns the error, or one with another text if hide changes it.
func quietly(err error, hide func(string) string) (clean error, changed bool) {
	if err == nil {
		return nil, false
	}
	text := err.Error()
	if clean := hide(text); clean != text {
		return &quiet{clean, err, nil}, true
	}
	return err, false
}

func (q *quiet) Error() string { return q.text }

// Is finds what the error wraps, without giving it away.
func (q *quiet) Is(target error) bool { return errors.Is(q.err, target) }

// As finds the error of the driver, and its code.
func (q *quiet) As(target any) bool {
	switch t := target.(type) {
	case **provider.Error:
		if q.visible != nil {
			*t = q.visible
		}
		return q.visible != nil
	case *provider.Code:
		return errors.As(q.err, t)
	}
	return false
}
