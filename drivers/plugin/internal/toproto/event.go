package toproto

import (
	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
)

// Event is nil for nil.
func Event(e *provider.Event) *driverv1.Event {
	if e == nil {
		return nil
	}
	return &driverv1.Event{
		Kind:         kinds[e.Kind],
		Id:           Text(e.ID),
		Ref:          Text(e.Ref),
		Attempt:      Text(e.Attempt),
		At:           Time(e.At),
		Status:       statuses[e.Status],
		Final:        e.Final,
		Code:         Code(e.Code),
		VendorStatus: Text(e.VendorStatus),
		VendorCode:   Text(e.VendorCode),
		Segments:     count(e.Segments),
		Cost:         Money(e.Cost),
		Mccmnc:       Text(e.MCCMNC),
		From:         Text(e.From),
		To:           Text(e.To),
		Text:         Text(e.Text),
		InReplyTo:    Text(e.InReplyTo),
		Extra:        texts(e.Extra),
		Raw:          e.Raw,
		Segment:      segment(e.Segment),
	}
}

func segment(s *provider.EventSegment) *driverv1.EventSegment {
	if s == nil {
		return nil
	}
	return &driverv1.EventSegment{Ref: Text(s.Ref), Number: count(s.Number), Of: count(s.Of), Status: statuses[s.Status]}
}

// Events converts a list.
func Events(es []provider.Event) []*driverv1.Event {
	list := make([]*driverv1.Event, len(es))
	for i := range es {
		list[i] = Event(&es[i])
	}
	return list
}

// Callback leaves what came from the network as it is.
func Callback(c *provider.Callback) *driverv1.ParseCallbackRequest {
	return &driverv1.ParseCallbackRequest{
		Method:     Text(c.Method),
		Url:        []byte(c.URL),
		Query:      fields(c.Query),
		Header:     fields(c.Header),
		Body:       c.Body,
		RemoteIp:   Text(c.RemoteIP),
		ReceivedAt: Time(c.ReceivedAt),
	}
}

func fields(m map[string][]string) []*driverv1.Field {
	list := make([]*driverv1.Field, 0, len(m))
	for name, values := range m {
		f := &driverv1.Field{Name: []byte(name)}
		for _, v := range values {
			f.Values = append(f.Values, []byte(v))
		}
		list = append(list, f)
	}
	return list
}
