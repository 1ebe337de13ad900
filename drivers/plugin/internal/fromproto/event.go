package fromproto

import (
	"fmt"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
)

// Event fails for an event of unknown kind: everything else about it would be a
// guess.
func Event(e *driverv1.Event) (*provider.Event, error) {
	kind, ok := kinds[e.GetKind()]
	if !ok {
		return nil, fmt.Errorf("the plugin returned an event of unknown kind %d", e.GetKind())
	}
	event := &provider.Event{
		Kind:         kind,
		ID:           e.GetId(),
		Ref:          e.GetRef(),
		Attempt:      e.GetAttempt(),
		At:           Time(e.GetAt()),
		Final:        e.GetFinal(),
		Code:         code(e.GetCode()),
		VendorStatus: e.GetVendorStatus(),
		VendorCode:   e.GetVendorCode(),
		Segments:     count(e.GetSegments()),
		Cost:         Money(e.GetCost()),
		MCCMNC:       e.GetMccmnc(),
		From:         e.GetFrom(),
		To:           e.GetTo(),
		Text:         e.GetText(),
		InReplyTo:    e.GetInReplyTo(),
		Extra:        e.GetExtra(),
		Raw:          raw(e.GetRaw()),
		Segment:      segment(e.GetSegment()),
	}
	// An inbound message has no status; a report always has one.
	if kind == provider.Report || e.GetStatus() != driverv1.Status_STATUS_UNSPECIFIED {
		event.Status = status(e.GetStatus())
	}
	return event, nil
}

// segment is nil for an event about the whole message.
func segment(s *driverv1.EventSegment) *provider.EventSegment {
	if s == nil {
		return nil
	}
	one := &provider.EventSegment{Ref: s.GetRef(), Number: count(s.GetNumber()), Of: count(s.GetOf())}
	if s.GetStatus() != driverv1.Status_STATUS_UNSPECIFIED {
		one.Status = status(s.GetStatus())
	}
	return one
}

// Events converts all events or none.
func Events(es []*driverv1.Event) ([]provider.Event, error) {
	events := make([]provider.Event, 0, len(es))
	for _, e := range es {
		event, err := Event(e)
		if err != nil {
			return nil, err
		}
		events = append(events, *event)
	}
	return events, nil
}

// Callback converts a vendor's request.
func Callback(r *driverv1.ParseCallbackRequest) *provider.Callback {
	return &provider.Callback{
		Method:     r.GetMethod(),
		URL:        string(r.GetUrl()),
		Query:      fields(r.GetQuery()),
		Header:     fields(r.GetHeader()),
		Body:       r.GetBody(),
		RemoteIP:   r.GetRemoteIp(),
		ReceivedAt: Time(r.GetReceivedAt()),
	}
}

func fields(list []*driverv1.Field) map[string][]string {
	m := make(map[string][]string, len(list))
	for _, f := range list {
		values := make([]string, 0, len(f.GetValues()))
		for _, v := range f.GetValues() {
			values = append(values, string(v))
		}
		m[string(f.GetName())] = values
	}
	return m
}
