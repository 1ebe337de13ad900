package zoomconnecttest

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider/e164"
)

// Message is what the server accepted for one recipient, or what a person sent.
type Message struct {
	ID        string
	To        string // E.164 with plus
	From      string // "" for sent messages: the vendor chooses it
	Text      string
	Campaign  string
	DataField string
	SendAt    time.Time // zero = at once
	Status    string    // such as SENT
	Segments  int
	At        time.Time // when it was sent or received
	Inbound   bool
	RepliesTo string // id of the message it replies to
	Read      bool
	Deleted   bool
}

// Messages returns every message that was accepted for sending, in order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.messages), func(m Message) bool { return m.Inbound })
}

// SetStatus changes a message's status, such as to DELIVERED, and reports
// whether the message exists.
func (s *Server) SetStatus(id, status string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.message(id)
	if m != nil {
		m.Status = status
	}
	return m != nil
}

// Receive simulates a person who replies to a message, or writes to the account
// if repliesTo is "". It returns the new message's id.
func (s *Server) Receive(from, to, text, repliesTo string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := Message{From: from, To: to, Text: text, Status: "SENT", Segments: 1, At: s.options.Now(), Inbound: true, RepliesTo: repliesTo}
	if original := s.message(repliesTo); original != nil {
		m.Campaign, m.DataField = original.Campaign, original.DataField
	}
	return s.add(m)
}

// Callback returns what the vendor posts about a message: the reply that a
// person sent, or the delivery report of one that was sent to a person. The
// checksum is not the vendor's, whose algorithm is not public.
func (s *Server) Callback(id string) url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.message(id)
	if m == nil {
		return nil
	}
	now := s.options.Now().In(zone)
	v := url.Values{
		"messageId": {m.ID}, "campaign": {m.Campaign}, "dataField": {m.DataField},
		"nonce": {fmt.Sprintf("00000000-0000-4000-8000-%012d", s.nextID())}, "nonce-date": {now.Format("20060102150405")},
		"checksum": {"0123456789abcdef0123456789abcdef01234567"},
	}
	if !m.Inbound {
		v.Set("status", m.Status)
		return v
	}
	v.Set("from", m.From)
	v.Set("to", m.To)
	v.Set("message", m.Text)
	v.Set("date", m.At.In(zone).Format("200601021504"))
	if m.RepliesTo != "" {
		v.Set("repliedToMessageId", m.RepliesTo)
	}
	return v
}

func (s *Server) smsRoutes(handle func(methods, path string, h handler)) {
	handle("POST", "/sms/send", s.send)
	handle("POST", "/sms/send-bulk", s.sendBulk)
	handle("GET POST", "/sms/send-url-parameters", s.sendURL)
	handle("GET POST", "/sms/send-url/{token}", s.sendURL)
}

type smsRequest struct {
	Message         string  `json:"message"`
	RecipientNumber string  `json:"recipientNumber"`
	Campaign        string  `json:"campaign"`
	DateToSend      *string `json:"dateToSend"`
	DataField       string  `json:"dataField"`
}

func (s *Server) send(r *request) answer {
	var sms smsRequest
	if err := r.decode(&sms); err != nil {
		return bad(err)
	}
	id, wrong := s.accept(sms)
	if wrong != nil && wrong.status == http.StatusOK {
		return ok(map[string]any{"messageId": nil, "error": wrong.message})
	}
	if wrong != nil {
		return refusal(wrong.status, wrong.code, wrong.message)
	}
	return ok(map[string]any{"messageId": id, "error": nil})
}

func (s *Server) sendBulk(r *request) answer {
	var bulk struct {
		Requests          []smsRequest `json:"sendSmsRequests"`
		DefaultDateToSend *string      `json:"defaultDateToSend"`
		MessagesPerMinute int          `json:"messagesPerMinute"`
	}
	if err := r.decode(&bulk); err != nil {
		return bad(err)
	}
	if len(bulk.Requests) == 0 || bulk.MessagesPerMinute < 0 {
		return bad(fmt.Errorf("no messages, or a negative pace"))
	}
	responses := make([]any, len(bulk.Requests))
	for i, sms := range bulk.Requests {
		if sms.DateToSend == nil {
			sms.DateToSend = bulk.DefaultDateToSend
		}
		id, wrong := s.accept(sms)
		responses[i] = map[string]any{"messageId": id, "error": nil}
		if wrong != nil {
			responses[i] = map[string]any{"messageId": nil, "error": wrong.message}
		}
	}
	return ok(map[string]any{"sendSmsResponses": responses})
}

func (s *Server) sendURL(r *request) answer {
	if err := r.only("recipientNumber", "message", "dateToSend", "campaign", "dataField"); err != nil {
		return bad(err)
	}
	sms := smsRequest{
		Message: r.query.Get("message"), RecipientNumber: r.query.Get("recipientNumber"),
		Campaign: r.query.Get("campaign"), DataField: r.query.Get("dataField"),
	}
	if date := r.query.Get("dateToSend"); date != "" {
		sms.DateToSend = &date
	}
	id, wrong := s.accept(sms)
	if wrong != nil {
		return refusal(max(wrong.status, http.StatusBadRequest), wrong.code, wrong.message)
	}
	return ok(id)
}

// fault is why a message is not accepted. With status 200 the response is a
// success with an error instead of the id.
type fault struct {
	status, code int
	message      string
}

// accept checks a message and accepts it.
func (s *Server) accept(sms smsRequest) (id string, wrong *fault) {
	to, valid := recipient(sms.RecipientNumber)
	if !valid {
		return "", &fault{http.StatusBadRequest, 2, "Invalid mobile number"}
	}
	if sms.Message == "" {
		return "", &fault{http.StatusBadRequest, 3, "Message empty"}
	}
	a, err := segment.Analyze(sms.Message, nil)
	if err != nil {
		return "", &fault{http.StatusBadRequest, 0, err.Error()}
	}
	m := Message{
		To: to, Text: sms.Message, Campaign: sms.Campaign, DataField: sms.DataField,
		Segments: a.Segments, Status: "SENT", At: s.options.Now(),
	}
	if sms.DateToSend != nil {
		if m.SendAt, err = time.ParseInLocation("200601021504", *sms.DateToSend, zone); err != nil {
			return "", &fault{http.StatusBadRequest, 0, "dateToSend is not yyyyMMddHHmm"}
		}
		m.Status, m.At = "SCHEDULED", time.Time{}
	}
	cost := credits(m.Segments)
	if s.credits.Micros < cost.Micros {
		return "", &fault{http.StatusOK, 0, "Insufficient credits"}
	}
	s.credits.Micros -= cost.Micros
	return s.add(m), nil
}

var southAfrican = regexp.MustCompile(`^0[1-8][0-9]{8}$`)

// recipient accepts E.164 with and without plus, and South Africa's national
// form.
func recipient(number string) (e164Form string, ok bool) {
	if southAfrican.MatchString(number) {
		number = "+27" + number[1:]
	}
	if n, err := e164.Parse(number); err == nil {
		return n.String(), true
	}
	n, err := e164.ParseDigits(number)
	return n.String(), err == nil
}

func (s *Server) nextID() int64 {
	s.lastID++
	return s.lastID
}

func (s *Server) add(m Message) string {
	m.ID = fmt.Sprintf("5b37661a%016x", s.nextID())
	s.messages = append(s.messages, m)
	return m.ID
}

// message finds a message; nil = there is none.
func (s *Server) message(id string) *Message {
	i := slices.IndexFunc(s.messages, func(m Message) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return &s.messages[i]
}
