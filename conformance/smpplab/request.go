package smpplab

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/anysms/anysms/conformance"
)

// segment is one submit_sm of a message.
type segment struct {
	text          string
	ref           string
	number, total int
}

// read decodes the text of a submit_sm, with the decoders of gosmpp, and its place
// among the message's segments.
func read(s *pdu.SubmitSM) (segment, error) {
	seg := segment{number: 1, total: 1}
	octets, err := s.Message.GetMessageData()
	if err != nil {
		return seg, err
	}
	if payload, ok := s.OptionalParameters[pdu.TagMessagePayload]; ok {
		octets = payload.Data
	}
	for _, element := range s.Message.UDH() {
		if n := len(element.Data); element.ID == 0 && n == 3 || element.ID == 8 && n == 4 { // a reference of 8 or 16 bits
			seg.ref, seg.total, seg.number = fmt.Sprintf("udh%x", element.Data[:n-2]), int(element.Data[n-2]), int(element.Data[n-1])
		}
	}
	if total, ok := s.OptionalParameters[pdu.TagSarTotalSegments]; ok && len(total.Data) == 1 {
		number := s.OptionalParameters[pdu.TagSarSegmentSeqnum]
		ref := s.OptionalParameters[pdu.TagSarMsgRefNum]
		if len(number.Data) != 1 {
			return seg, fmt.Errorf("sar_segment_seqnum has %d octets, want 1", len(number.Data))
		}
		seg.number, seg.total, seg.ref = int(number.Data[0]), int(total.Data[0]), fmt.Sprintf("sar%x", ref.Data)
	}
	encoding := s.Message.Encoding()
	if encoding == nil {
		return seg, errors.New("its data_coding is not one of the standard")
	}
	seg.text, err = encoding.Decode(octets)
	return seg, err
}

// whole returns the request for a message, once all of its segments are there.
func (c *conn) whole(s *pdu.SubmitSM) (request conformance.Request, complete bool) {
	seg, err := read(s)
	if err != nil {
		seg.text = "(cannot be decoded: " + err.Error() + ")"
	}
	if seg.total > 1 {
		key := s.DestAddr.Address() + " " + seg.ref
		c.parts[key] = append(c.parts[key], seg)
		if len(c.parts[key]) < seg.total {
			return request, false
		}
		parts := c.parts[key]
		delete(c.parts, key)
		slices.SortFunc(parts, func(a, b segment) int { return a.number - b.number })
		seg.text = ""
		for _, p := range parts {
			seg.text += p.text
		}
	}
	return conformance.Request{
		Target: "submit_sm", Decoded: true, To: "+" + s.DestAddr.Address(), Text: seg.text,
		Values: values(s), Print: fmt.Sprintf("submit_sm, %d segments", seg.total),
	}, true
}

// values are the fields of a submit_sm, times as RFC 3339 or as seconds.
func values(s *pdu.SubmitSM) []string {
	list := []string{s.ServiceType, s.SourceAddr.Address(), when(s.ScheduleDeliveryTime), when(s.ValidityPeriod)}
	for _, p := range s.OptionalParameters {
		list = append(list, strings.TrimSuffix(string(p.Data), "\x00"))
	}
	return slices.DeleteFunc(list, func(v string) bool { return v == "" })
}

// when reads a time of §7.1.1: an absolute one in UTC becomes RFC 3339, a relative
// one seconds.
func when(s string) string {
	if len(s) != 16 {
		return s
	}
	if strings.HasSuffix(s, "R") {
		var years, months, days, hours, minutes, seconds int
		if _, err := fmt.Sscanf(s[:12], "%2d%2d%2d%2d%2d%2d", &years, &months, &days, &hours, &minutes, &seconds); err != nil || years+months > 0 {
			return s
		}
		return strconv.Itoa(((days*24+hours)*60+minutes)*60 + seconds)
	}
	t, err := time.Parse("060102150405", s[:12])
	if err != nil || s[12:] != "000+" {
		return s
	}
	return t.Format(time.RFC3339)
}

// other is a request that does not send.
func other(p pdu.PDU) conformance.Request {
	switch q := p.(type) {
	case *pdu.QuerySM:
		return conformance.Request{Target: "query_sm", Values: []string{q.MessageID}, Print: "query_sm " + q.MessageID}
	case *pdu.CancelSM:
		return conformance.Request{Target: "cancel_sm", Values: []string{q.MessageID}, Print: "cancel_sm " + q.MessageID}
	}
	return conformance.Request{Target: "enquire_link", Print: "enquire_link"}
}

// responseTo is the command of the response.
func responseTo(p pdu.PDU) data.CommandIDType {
	return p.GetHeader().CommandID | data.CommandIDType(data.GENERIC_NACK)
}
