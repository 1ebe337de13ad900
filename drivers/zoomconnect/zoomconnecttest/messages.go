package zoomconnecttest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/encoding/segment"
)

func (s *Server) messageRoutes(handle func(methods, path string, h handler)) {
	handle("GET", "/messages/all", s.listMessages)
	handle("GET", "/messages/{id}", s.withMessage(func(m *Message) answer { return ok(object(*m)) }))
	handle("DELETE", "/messages/{id}", s.withMessage(func(m *Message) answer {
		m.Deleted = true
		return answer{status: http.StatusNoContent}
	}))
	handle("PUT POST", "/messages/{id}/markRead", s.withMessage(func(m *Message) answer {
		m.Read = true
		return ok(object(*m))
	}))
	handle("PUT POST", "/messages/{id}/markUnread", s.withMessage(func(m *Message) answer {
		m.Read = false
		return ok(object(*m))
	}))
	for name, part := range analyses {
		handle("POST", "/messages/analyse/"+name, analyse(part))
	}
}

func (s *Server) withMessage(h func(*Message) answer) handler {
	return func(r *request) answer {
		m := s.message(r.PathValue("id"))
		if err := r.only(); err != nil {
			return bad(err)
		}
		if m == nil {
			return absent
		}
		return h(m)
	}
}

// object is a message as the API shows it.
func object(m Message) map[string]any {
	o := map[string]any{
		"messageId": m.ID, "messageType": "OUTBOUND", "messageStatus": m.Status, "message": m.Text,
		"fromNumber": orNull(m.From), "toNumber": m.To, "campaign": orNull(m.Campaign), "userDataField": orNull(m.DataField),
		"creditCost": float64(m.Segments), "numberOfMessages": m.Segments,
		"dateTimeScheduled": millis(m.SendAt), "dateTimeSent": millis(m.At), "dateTimeReceived": nil,
		"deleted": m.Deleted, "read": m.Read, "contact": nil, "repliedToMessage": nil, "links": []any{},
	}
	if m.Inbound {
		o["messageType"], o["creditCost"] = "INBOUND", nil
		o["dateTimeSent"], o["dateTimeReceived"] = nil, millis(m.At)
	}
	if m.RepliesTo != "" {
		o["repliedToMessage"] = map[string]any{"messageId": m.RepliesTo, "links": []any{}}
	}
	return o
}

// filters are the parameters of the list; each selects a message by a value.
var filters = map[string]func(m *Message, value string) bool{
	"type":                 func(m *Message, v string) bool { return m.Inbound == (v == "INBOUND") },
	"status":               func(m *Message, v string) bool { return m.Status == v },
	"fromDateTimeSent":     func(m *Message, v string) bool { return !m.Inbound && day(m.At) >= v },
	"toDateTimeSent":       func(m *Message, v string) bool { return !m.Inbound && day(m.At) <= v },
	"fromDateTimeReceived": func(m *Message, v string) bool { return m.Inbound && day(m.At) >= v },
	"toDateTimeReceived":   func(m *Message, v string) bool { return m.Inbound && day(m.At) <= v },
	"fromNumber":           func(m *Message, v string) bool { return strings.Contains(m.From, v) },
	"toNumber":             func(m *Message, v string) bool { return strings.Contains(m.To, v) },
	"message":              func(m *Message, v string) bool { return strings.Contains(m.Text, v) },
	"campaign":             func(m *Message, v string) bool { return strings.Contains(m.Campaign, v) },
	"dataField":            func(m *Message, v string) bool { return strings.Contains(m.DataField, v) },
	"deleted":              func(m *Message, v string) bool { return m.Deleted == (v == "true") },
	"read":                 func(m *Message, v string) bool { return m.Inbound && m.Read == (v == "true") },
	"repliesToMessageId":   func(m *Message, v string) bool { return m.RepliesTo == v },
}

func day(t time.Time) string { return t.In(zone).Format("20060102") }

func (s *Server) listMessages(r *request) answer {
	page, pageSize := 1, 10
	for name := range r.query {
		var err error
		value := r.query.Get(name)
		switch {
		case name == "page":
			page, err = positive(value)
		case name == "pageSize":
			pageSize, err = positive(value)
		case filters[name] == nil:
			err = fmt.Errorf("unknown parameter %s", name)
		case strings.Contains(name, "DateTime"):
			_, err = time.Parse("20060102", value)
		}
		if err != nil {
			return bad(err)
		}
	}
	chosen := []any{} // newest first
	for i := len(s.messages) - 1; i >= 0; i-- {
		if s.chosen(&s.messages[i], r) {
			chosen = append(chosen, object(s.messages[i]))
		}
	}
	start := min((page-1)*pageSize, len(chosen))
	part := chosen[start:min(start+pageSize, len(chosen))]
	return ok(map[string]any{
		"page": page, "pageSize": pageSize, "elements": len(part), "totalElements": len(chosen),
		"totalPages": (len(chosen) + pageSize - 1) / pageSize, "links": []any{}, "webServiceMessages": part,
	})
}

func (s *Server) chosen(m *Message, r *request) bool {
	for name := range r.query {
		if choose := filters[name]; choose != nil && !choose(m, r.query.Get(name)) {
			return false
		}
	}
	return true
}

func positive(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, fmt.Errorf("%q is not a number from 1", s)
	}
	return n, nil
}

// maxSegments is the maximum length of a text.
const maxSegments = 10

// analyses are the calls under analyse; the value is the response of each.
var analyses = map[string]func(a segment.Analysis, text string) any{
	"message-credit-cost":               func(a segment.Analysis, _ string) any { return float64(a.Segments) },
	"message-encoding":                  func(a segment.Analysis, _ string) any { return encoding(a) },
	"message-length":                    func(_ segment.Analysis, text string) any { return len([]rune(text)) },
	"message-length-within-max-allowed": func(a segment.Analysis, _ string) any { return a.Segments <= maxSegments },
	"number-of-messages":                func(a segment.Analysis, _ string) any { return a.Segments },
	"full": func(a segment.Analysis, text string) any {
		characters := [][]string{}
		for _, r := range text {
			characters = append(characters, []string{string(r), encoding(a)})
		}
		return map[string]any{
			"messageEncoding": encoding(a), "messageLength": len([]rune(text)), "messageLengthWithinMaximumAllowed": a.Segments <= maxSegments,
			"numberOfMessages": a.Segments, "messageCreditCost": float64(a.Segments), "characterAnalysis": characters,
		}
	},
}

func encoding(a segment.Analysis) string { return strings.ToUpper(a.Encoding.String()) }

func analyse(part func(segment.Analysis, string) any) handler {
	return func(r *request) answer {
		var body struct {
			Message         string `json:"message"`
			RecipientNumber string `json:"recipientNumber"`
		}
		if err := r.decode(&body); err != nil {
			return bad(err)
		}
		a, err := segment.Analyze(body.Message, nil)
		if err != nil {
			return bad(err)
		}
		return ok(part(a, body.Message))
	}
}
