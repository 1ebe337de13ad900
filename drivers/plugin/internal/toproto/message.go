package toproto

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// Message refuses a field that is not UTF-8, which the protocol does not allow:
// an Error with code InvalidMessage.
func Message(m *provider.Message) (*driverv1.Message, error) {
	if err := allText(m.Extra, m.From, m.Text, m.Ref, m.Tag, m.Attempt, string(m.Class), string(m.Delivery)); err != nil {
		return nil, err
	}
	return &driverv1.Message{
		To:       number(m.To),
		From:     m.From,
		Text:     m.Text,
		Ref:      m.Ref,
		Tag:      m.Tag,
		Class:    string(m.Class),
		Validity: Duration(m.Validity),
		SendAt:   Time(m.SendAt),
		Deadline: Time(m.Deadline),
		Delivery: string(m.Delivery),
		Extra:    m.Extra,
		Attempt:  m.Attempt,
	}, nil
}

// VerificationRequest refuses what Message refuses.
func VerificationRequest(r *provider.VerificationRequest) (*driverv1.StartVerificationRequest, error) {
	if err := allText(r.Extra, r.From, r.Text, r.Ref); err != nil {
		return nil, err
	}
	return &driverv1.StartVerificationRequest{
		To:     number(r.To),
		Ref:    r.Ref,
		From:   r.From,
		Text:   r.Text,
		Length: count(r.Length),
		Alpha:  r.Alpha,
		Expire: Duration(r.Expire),
		Extra:  r.Extra,
	}, nil
}

func number(n e164.Number) string {
	if n.IsZero() {
		return ""
	}
	return n.String()
}

func allText(extra map[string]string, fields ...string) error {
	for key, value := range extra {
		fields = append(fields, key, value)
	}
	for _, f := range fields {
		if !utf8.ValidString(f) {
			return provider.NewError(provider.InvalidMessage, "a field of the message is not valid UTF-8")
		}
	}
	return nil
}

// Receipt is nil for nil.
func Receipt(r *provider.Receipt) *driverv1.Receipt {
	if r == nil {
		return nil
	}
	return &driverv1.Receipt{Id: Text(r.ID), Segments: count(r.Segments), Cost: Money(r.Cost), Raw: r.Raw}
}

// Money is nil for nil.
func Money(m *provider.Money) *driverv1.Money {
	if m == nil {
		return nil
	}
	return &driverv1.Money{Micros: m.Micros, Currency: Text(m.Currency)}
}

// Text makes a string valid UTF-8. Only a vendor's words can need it, and they
// must not make a response fail.
func Text(s string) string { return strings.ToValidUTF8(s, string(utf8.RuneError)) }

// Duration is nil for zero, which stands for "not said" everywhere.
func Duration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// Time is nil for the zero time.
func Time(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func count(n int) int32 { return int32(min(max(n, math.MinInt32), math.MaxInt32)) }

func texts(m map[string]string) map[string]string {
	clean := make(map[string]string, len(m))
	for key, value := range m {
		clean[Text(key)] = Text(value)
	}
	return clean
}
