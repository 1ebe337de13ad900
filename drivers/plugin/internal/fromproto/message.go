package fromproto

import (
	"encoding/json"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// Message fails with code InvalidRecipient for an invalid number.
func Message(m *driverv1.Message) (*provider.Message, error) {
	to, err := number(m.GetTo())
	if err != nil {
		return nil, err
	}
	return &provider.Message{
		To:       to,
		From:     m.GetFrom(),
		Text:     m.GetText(),
		Ref:      m.GetRef(),
		Tag:      m.GetTag(),
		Class:    provider.Class(m.GetClass()),
		Validity: Duration(m.GetValidity()),
		SendAt:   Time(m.GetSendAt()),
		Deadline: Time(m.GetDeadline()),
		Delivery: provider.Delivery(m.GetDelivery()),
		Extra:    m.GetExtra(),
		Attempt:  m.GetAttempt(),
	}, nil
}

// VerificationRequest fails as Message does.
func VerificationRequest(r *driverv1.StartVerificationRequest) (*provider.VerificationRequest, error) {
	to, err := number(r.GetTo())
	if err != nil {
		return nil, err
	}
	return &provider.VerificationRequest{
		To:     to,
		Ref:    r.GetRef(),
		From:   r.GetFrom(),
		Text:   r.GetText(),
		Length: int(r.GetLength()),
		Alpha:  r.GetAlpha(),
		Expire: Duration(r.GetExpire()),
		Extra:  r.GetExtra(),
	}, nil
}

// number reads "" as no number: the driver reports that it is missing.
func number(s string) (e164.Number, error) {
	if s == "" {
		return e164.Number{}, nil
	}
	n, err := e164.Parse(s)
	if err != nil {
		return e164.Number{}, &provider.Error{Code: provider.InvalidRecipient, Err: err}
	}
	return n, nil
}

// Receipt is nil for nil.
func Receipt(r *driverv1.Receipt) *provider.Receipt {
	if r == nil {
		return nil
	}
	return &provider.Receipt{ID: r.GetId(), Segments: count(r.GetSegments()), Cost: Money(r.GetCost()), Raw: raw(r.GetRaw())}
}

// raw returns JSON in any case: anything else becomes a JSON string.
func raw(b []byte) json.RawMessage {
	if len(b) == 0 {
		return nil
	}
	if json.Valid(b) {
		return b
	}
	quoted, err := json.Marshal(string(b))
	if err != nil {
		return nil
	}
	return quoted
}

// Money is nil for nil.
func Money(m *driverv1.Money) *provider.Money {
	if m == nil {
		return nil
	}
	return &provider.Money{Micros: m.GetMicros(), Currency: m.GetCurrency()}
}

// Duration is zero for nil and for what is not a duration.
func Duration(d *durationpb.Duration) time.Duration {
	if d.CheckValid() != nil {
		return 0
	}
	return max(0, d.AsDuration())
}

// Time is zero for nil and for what is not a time.
func Time(t *timestamppb.Timestamp) time.Time {
	if t.CheckValid() != nil {
		return time.Time{}
	}
	return t.AsTime()
}

func count(n int32) int { return int(max(0, n)) }
