package router

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering"
)

// validate checks a message by itself, before any provider is considered. The
// analysis of its text is returned with most errors too.
func validate(m *provider.Message, o *Options) (segment.Analysis, error) {
	if err := m.Validate(); err != nil {
		return segment.Analysis{}, err
	}
	analysis, err := segment.Analyze(m.Text, nil)
	if err != nil {
		return segment.Analysis{}, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	if err := validateNumber(m.To, o); err != nil {
		return analysis, err
	}
	switch {
	case analysis.Segments > o.MaxSegments:
		return analysis, invalid("the text has %d segments; the limit is %d", analysis.Segments, o.MaxSegments)
	case !knownClass(m.Class):
		return analysis, invalid("class %q; want otp, transactional or marketing", m.Class)
	case m.Delivery != "" && !knownDelivery(m.Delivery):
		return analysis, invalid("delivery %q; want at_most_once, reconcile or at_least_once", m.Delivery)
	case m.Validity < 0:
		return analysis, invalid("the validity must not be negative")
	}
	if m.From != "" {
		if err := checkSender(m.From); err != nil {
			return analysis, invalid("sender: %v", err)
		}
	}
	return analysis, nil
}

func validateNumber(n e164.Number, o *Options) error {
	if o.Validation == Shape {
		return nil
	}
	if slices.ContainsFunc(o.AllowNumbers, n.HasPrefix) {
		return nil
	}
	v := numbering.Judge(n)
	if o.Validation == Possible && v.Possible || v.Textable() {
		return nil
	}
	return provider.NewError(provider.InvalidRecipient, v.Reason())
}

func invalid(format string, args ...any) error {
	return provider.NewError(provider.InvalidMessage, fmt.Sprintf(format, args...))
}

// What the ten octets of a TP-OA hold: semi-octets of a numeric sender, septets
// of an alphanumeric one (3GPP TS 23.040 §9.1.2.5).
const (
	maxNumeric      = 20
	maxAlphanumeric = 11
)

// checkSender checks the form of a sender: a number or short code of up to 20
// digits, or an alphanumeric name of up to 11 characters of the GSM-7 default
// alphabet.
func checkSender(from string) error {
	digits := strings.TrimPrefix(from, "+")
	if digits != "" && strings.Trim(digits, "0123456789") == "" {
		if len(digits) > maxNumeric {
			return fmt.Errorf("a numeric sender has at most %d digits", maxNumeric)
		}
		return nil
	}
	a, err := segment.Analyze(from, nil)
	switch {
	case err != nil || a.Encoding != segment.GSM7 || strings.ContainsAny(from, "\r\n\f"):
		return errors.New("an alphanumeric sender must be in the GSM-7 alphabet")
	case strings.TrimSpace(from) == "":
		return errors.New("must not be blank")
	case a.Units > maxAlphanumeric:
		return fmt.Errorf("an alphanumeric sender has at most %d characters, and a numeric one has only digits", maxAlphanumeric)
	}
	return nil
}

func knownClass(c provider.Class) bool {
	switch c {
	case "", provider.OTP, provider.Transactional, provider.Marketing:
		return true
	}
	return false
}

func knownDelivery(d provider.Delivery) bool {
	switch d {
	case provider.AtMostOnce, provider.Reconcile, provider.AtLeastOnce:
		return true
	}
	return false
}
