package apifontest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/encoding/segment"
)

// The channels of a [Message], as callbacks name them.
const (
	smsChannel = "SMS"
	imChannel  = "VIBER"
)

// Message is what the server accepted for one recipient.
type Message struct {
	RequestID   string
	ID          string // message id; of its first segment if it has several
	Channel     string // SMS or VIBER
	To          string // E.164 with plus
	From        string
	Text        string // as it is delivered, with placeholders replaced
	DataCoding  int
	Segments    int
	ReferenceID string
	CustomID    string
	TTE         string    // as it was sent
	SendAt      time.Time // zero = at once
	CallbackURL string
	ReplyURL    string
	Failover    *Failover // of an instant message; nil = no SMS after it
	Code        string    // of a one-time code
	Removed     bool      // was scheduled and cancelled

	pages map[string]any // shortened landing pages
}

// Failover is the SMS that follows an instant message which was not delivered.
type Failover struct {
	From, Text string
	DataCoding int
	Segments   int
}

// Messages returns every message that was accepted, in order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// smsRequest is the body of sms/send.
type smsRequest struct {
	Subscribers []recipient `json:"subscribers"`
	ReferenceID string      `json:"reference_id"`
	Message     smsText     `json:"message"`
	CallbackURL string      `json:"callback_url"`
	TTE         string      `json:"tte"`
	Date        string      `json:"date"`
}

type recipient struct {
	Number   string         `json:"number"`
	CustomID string         `json:"custom_id"`
	Params   map[string]any `json:"params"`
}

type smsText struct {
	Text     string `json:"text"`
	DC       int    `json:"dc"`
	SenderID string `json:"sender_id"`
}

// landingKey begins the parameters that are landing pages.
const landingKey = "apifon_lp"

var landing = all(object(map[string]field{
	"url":                must(text(1, 0)),
	"data":               may(mapOf(func(string) check { return scalar })),
	"redirect":           may(boolean),
	"method":             may(oneOf("GET", "POST")),
	"prevent_sys_params": may(boolean),
	"landing_domain":     may(address("http", "https")),
	"enable_tracking":    may(boolean),
}), func(at string, v any) *fault {
	page := v.(map[string]any)
	if _, given := page["method"]; given && page["redirect"] != false {
		return &fault{at + ".method", "can be set only if redirect is false"}
	}
	return nil
})

var recipients = array(1, 0, object(map[string]field{
	"number":    must(number),
	"custom_id": may(text(0, 0)),
	"params": may(mapOf(func(key string) check {
		if strings.HasPrefix(key, landingKey) {
			return landing
		}
		return text(0, 0)
	})),
}))

var message = object(map[string]field{
	"text":      must(text(1, 0)),
	"dc":        may(integer(0, 2)),
	"sender_id": must(senderID),
})

var sendSMS = object(map[string]field{
	"subscribers":  must(recipients),
	"reference_id": may(text(0, 255)),
	"message":      must(message),
	"callback_url": may(callbackURL),
	"tte":          may(tte),
	"date":         may(date),
})

// sendSMS is POST /sms/send.
func (s *Server) sendSMS(r *request) answer {
	var body smsRequest
	if wrong := s.read(r, sendSMS, &body); wrong != nil {
		return *wrong
	}
	accepted := make([]Message, len(body.Subscribers))
	for i, to := range body.Subscribers {
		m, wrong := s.compose(to, body.Message)
		if wrong != nil {
			return s.gatewayError(http.StatusForbidden, wrong.field+": "+wrong.reason)
		}
		m.TTE = body.TTE
		accepted[i] = m
	}
	return s.accept(accepted, envelope{body.ReferenceID, body.CallbackURL, "", body.Date})
}

// compose makes the message that one recipient gets.
func (s *Server) compose(to recipient, m smsText) (Message, *fault) {
	rendered, pages := s.replace(m.Text, to.Params)
	if strings.Contains(rendered, "{apifon_") {
		return Message{}, &fault{"message.text", "a placeholder has no landing page"}
	}
	analysis, err := segment.Analyze(rendered, nil)
	if err != nil || m.DC == 0 && analysis.Encoding != segment.GSM7 {
		return Message{}, &fault{"message.text", "contains characters that the data coding does not have"}
	}
	segments := analysis.Segments
	if m.DC == 2 && analysis.Encoding == segment.GSM7 {
		segments = ucs2Segments(rendered)
	}
	return Message{
		Channel: smsChannel, To: "+" + to.Number, From: m.SenderID, Text: rendered, DataCoding: m.DC,
		Segments: segments, CustomID: to.CustomID, pages: pages,
	}, nil
}

// ucs2Segments counts a text that would fit GSM-7.
func ucs2Segments(text string) int {
	if n := utf8.RuneCountInString(text); n > 70 {
		return (n + 66) / 67
	}
	return 1
}

// replace replaces keys by their values, once, and shortens the URLs of the
// landing pages in the text.
func (s *Server) replace(text string, params map[string]any) (string, map[string]any) {
	var pairs []string
	pages := make(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(params)) {
		placeholder := "{" + key + "}"
		value, plain := params[key].(string)
		if !plain && strings.Contains(text, placeholder) {
			code := s.newID("page")
			value = "https://apfn.eu/" + code
			pages[key] = map[string]any{"short_code": code, "short_url": value}
		}
		pairs = append(pairs, placeholder, value)
	}
	return strings.NewReplacer(pairs...).Replace(text), pages
}

// envelope is what the messages of a request share.
type envelope struct{ reference, callbackURL, replyURL, date string }

// accept adds the messages of one request and returns the results.
func (s *Server) accept(messages []Message, e envelope) answer {
	requestID, results := s.enter(messages, e)
	byNumber := make(map[string][]map[string]any)
	for i, m := range messages {
		number := strings.TrimPrefix(m.To, "+")
		byNumber[number] = append(byNumber[number], results[i]...)
	}
	return answer{status: http.StatusOK, body: map[string]any{
		"request_id":  requestID,
		"reference":   e.reference,
		"results":     byNumber,
		"result_info": map[string]any{"status_code": http.StatusOK, "description": "OK"},
	}}
}

// enter gives messages their ids, adds them and makes the results of each, one
// per segment.
func (s *Server) enter(messages []Message, e envelope) (requestID string, results [][]map[string]any) {
	requestID = s.newID("request")
	for i := range messages {
		m := &messages[i]
		m.RequestID, m.ReferenceID = requestID, e.reference
		m.CallbackURL, m.ReplyURL, m.SendAt = e.callbackURL, e.replyURL, s.scheduled(e.date)
		var own []map[string]any
		for range m.Segments {
			id := s.newID("message")
			m.ID = cmp.Or(m.ID, id)
			own = append(own, m.result(id))
		}
		results = append(results, own)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		s.places[m.ID] = len(s.messages)
		s.messages = append(s.messages, m)
	}
	if len(messages) == 1 {
		s.places[requestID] = len(s.messages) - 1
	}
	return requestID, results
}

// result is what the response says about one segment.
func (m *Message) result(id string) map[string]any {
	length := len(m.Text)
	if m.Channel != smsChannel {
		length = utf8.RuneCountInString(m.Text)
	}
	return map[string]any{
		"message_id": id, "custom_id": orNull(m.CustomID), "length": length,
		"short_code": nil, "short_url": nil, "landing_pages": m.pages,
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

var removal = object(map[string]field{
	"id":    must(text(1, 0)),
	"field": must(oneOf("REQUEST_ID", "REFERENCE_ID")),
})

// removeScheduled is POST /sms/remove and /im/remove: the response is how many
// messages of the channel it cancelled.
func (s *Server) removeScheduled(channel string) handler {
	return func(r *request) answer {
		var body struct{ ID, Field string }
		if wrong := s.read(r, removal, &body); wrong != nil {
			return *wrong
		}
		return answer{status: http.StatusOK, body: s.remove(channel, body.Field, body.ID)}
	}
}

func (s *Server) remove(channel, field, id string) (removed int) {
	now := s.options.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.messages {
		m := &s.messages[i]
		own := m.RequestID
		if field == "REFERENCE_ID" {
			own = m.ReferenceID
		}
		if m.Channel == channel && own == id && !m.Removed && m.SendAt.After(now) {
			m.Removed = true
			removed++
		}
	}
	return removed
}

// read decodes a gateway's request.
func (s *Server) read(r *request, c check, into any) *answer {
	wrong, err := decode(r.body, c, into)
	if err != nil {
		a := resourceError(http.StatusBadRequest, "Request is not readable", nil)
		return &a
	}
	if wrong != nil {
		a := s.gatewayError(http.StatusForbidden, wrong.field+": "+wrong.reason)
		return &a
	}
	return nil
}

// scheduled returns the time of a date in the future.
func (s *Server) scheduled(date string) time.Time {
	at, err := time.Parse(dateLayout, date)
	if err != nil || !at.After(s.options.Now()) {
		return time.Time{}
	}
	return at
}
