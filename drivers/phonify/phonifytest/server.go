// Package phonifytest is a strict, stateful fake of Phonify's API on loopback,
// for tests of programs that send through Phonify. It keeps what it accepts,
// refuses what the vendor's page forbids, and responds in the vendor's formats.
//
//	server := phonifytest.NewServer(phonifytest.Options{})
//	defer server.Close()
//	account, err := phonify.New(phonify.Config{
//		Config: httpcall.Config{BaseURL: server.URL}, APIKey: phonifytest.APIKey,
//	})
//
// [Server.Messages] is what it accepted. It can be down, drop connections or
// hang ([httpcalltest.Server.SetMode]), and fail as the vendor does
// ([httpcalltest.Failures.Fail]).
//
// The vendor publishes no list of error types, so those of the fake are its
// own: unauthorized, missing_parameter, unknown_parameter, invalid_msisdn,
// body_too_long, not_found.
package phonifytest

import (
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// APIKey is the key of the server's account unless [Options] override it.
const APIKey = "pk_test_key"

// Origin is the short code from which the server sends.
const Origin = "1616"

// Options change the server; the zero value of each field is its default.
type Options struct {
	APIKey string           // default the constant [APIKey]
	Now    func() time.Time // default time.Now
}

// Message is a text that the vendor accepted, or one that a person sent.
type Message struct {
	ID        string
	To        string
	From      string // [Origin], or the person's number
	Text      string
	State     string // unconfirmed at first
	CreatedAt time.Time
	Inbound   bool
}

// Shape is the format of the response to a send.
type Shape int

// The formats in which the API is known to respond.
const (
	Wrapped    Shape = iota // {"message":{…}}
	Collection              // {"messages":[{…}]}
	Array                   // [{…}]
)

// Server is the fake. It is safe for concurrent use.
type Server struct {
	*httpcalltest.Server // URL is what base_url takes
	httpcalltest.Failures

	options Options

	mu       sync.Mutex
	shape    Shape
	messages []Message // oldest first
}

// NewServer starts a server without messages.
func NewServer(options Options) *Server {
	options.APIKey = cmp.Or(options.APIKey, APIKey)
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Server{options: options}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /messages", s.send)
	mux.HandleFunc("GET /messages", s.list)
	mux.HandleFunc("GET /messages/{id}", s.retrieve)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "not_found", "Page not found")
	})
	s.Server = httpcalltest.NewServer(s.guard(mux))
	return s
}

// Messages lists the texts that were accepted for sending, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.messages), func(m Message) bool { return m.Inbound })
}

// SetShape chooses the format of the responses to sends.
func (s *Server) SetShape(shape Shape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shape = shape
}

// SetState changes a message's state and reports whether the message exists.
// The vendor's states are unconfirmed, sent and error.
func (s *Server) SetState(id, state string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i >= 0 {
		s.messages[i].State = state
	}
	return i >= 0
}

// Receive simulates a person who sends a text to a number of the account. It
// returns the message's id.
func (s *Server) Receive(from, to, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(Message{From: from, To: to, Text: text, State: "sent", Inbound: true}).ID
}

// guard gives the failures that were requested, and lets only valid requests
// through.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, failing := s.NextFailure("", r.URL.Path)
		switch {
		case failing && f.After:
			s.serve(httptest.NewRecorder(), r, next)
			f.Write(w)
		case failing:
			f.Write(w)
		default:
			s.serve(w, r, next)
		}
	})
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "bad_request", "The form cannot be read")
		return
	}
	if !s.authenticated(r) {
		refuse(w, http.StatusUnauthorized, "unauthorized", "The API key is missing or wrong")
		return
	}
	next.ServeHTTP(w, r)
}

// authenticated accepts the key as the user of HTTP Basic with an empty
// password, or as api_key in the query of a GET and in the form of a POST.
func (s *Server) authenticated(r *http.Request) bool {
	user, password, basic := r.BasicAuth()
	if basic {
		return password == "" && s.isKey(user)
	}
	if r.Method == http.MethodPost {
		return s.isKey(r.PostForm.Get("api_key"))
	}
	return s.isKey(r.URL.Query().Get("api_key"))
}

func (s *Server) isKey(key string) bool {
	return subtle.ConstantTimeCompare([]byte(key), []byte(s.options.APIKey)) == 1
}

func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	if !s.known(w, r, "to", "body") {
		return
	}
	to, body := r.PostForm.Get("to"), r.PostForm.Get("body")
	number, err := e164.Parse(to)
	switch {
	case to == "" || body == "":
		refuse(w, http.StatusPaymentRequired, "missing_parameter", "Both to and body are required")
		return
	case err != nil:
		refuse(w, http.StatusPaymentRequired, "invalid_msisdn", "To is not a MSISDN in E.164 format with plus sign: "+to)
		return
	case !utf8.ValidString(body) || utf8.RuneCountInString(body) > 160:
		refuse(w, http.StatusPaymentRequired, "body_too_long", "Body is longer than 160 characters")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := object(s.add(Message{From: Origin, To: number.String(), Text: body, State: "unconfirmed"}))
	switch s.shape {
	case Collection:
		reply(w, http.StatusOK, map[string]any{"messages": []any{m}})
	case Array:
		reply(w, http.StatusOK, []any{m})
	default:
		reply(w, http.StatusOK, map[string]any{"message": m})
	}
}

func (s *Server) retrieve(w http.ResponseWriter, r *http.Request) {
	if !s.known(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(r.PathValue("id"))
	if i < 0 {
		refuse(w, http.StatusNotFound, "not_found", "Message not found")
		return
	}
	reply(w, http.StatusOK, map[string]any{"message": object(s.messages[i])})
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	if !s.known(w, r, "offset", "limit") {
		return
	}
	offset, err := number(r, "offset", 0)
	limit, err2 := number(r, "limit", 50)
	if err != nil || err2 != nil || limit < 1 || limit > 1000 {
		refuse(w, http.StatusPaymentRequired, "invalid_range", "Offset is a number from 0, limit one from 1 to 1000")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	page := []any{}
	for i := len(s.messages) - 1 - offset; i >= 0 && len(page) < limit; i-- {
		page = append(page, object(s.messages[i]))
	}
	reply(w, http.StatusOK, map[string]any{"messages": page})
}

// known refuses parameters that the call does not have, and those of a POST
// that are not in its form.
func (s *Server) known(w http.ResponseWriter, r *http.Request, names ...string) bool {
	names = append(names, "api_key", "business")
	if r.Method == http.MethodPost && (r.URL.RawQuery != "" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded") {
		refuse(w, http.StatusBadRequest, "bad_request", "The parameters of a POST belong into its form")
		return false
	}
	for name, values := range r.Form {
		if !slices.Contains(names, name) || len(values) != 1 {
			refuse(w, http.StatusPaymentRequired, "unknown_parameter", "Unknown or repeated parameter: "+name)
			return false
		}
	}
	return true
}

func number(r *http.Request, name string, fallback int) (int, error) {
	value := r.URL.Query().Get(name)
	if value == "" {
		return fallback, nil
	}
	n, err := strconv.ParseUint(value, 10, 31)
	return int(n), err
}

// index returns the index of a message; -1 = there is none.
func (s *Server) index(id string) int {
	return slices.IndexFunc(s.messages, func(m Message) bool { return m.ID == id })
}

func (s *Server) add(m Message) Message {
	m.ID = fmt.Sprintf("ch_%014d", len(s.messages)+1)
	m.CreatedAt = s.options.Now().UTC().Truncate(time.Millisecond)
	s.messages = append(s.messages, m)
	return m
}

// object is the message as the API shows it. The phone is the handset: its
// number has no calling code.
func object(m Message) map[string]any {
	handset := m.To
	if m.Inbound {
		handset = m.From
	}
	phone := map[string]any{"number": handset}
	if n, err := e164.Parse(handset); err == nil {
		_, phone["number"] = n.Split()
		phone["msisdn"] = n.String()
	}
	return map[string]any{
		"id": m.ID, "body": m.Text, "to": m.To, "state": m.State,
		"origin":     map[string]any{"number": m.From, "country": "US"},
		"phone":      phone,
		"created_at": m.CreatedAt.Format("2006-01-02T15:04:05.000Z"),
	}
}

func refuse(w http.ResponseWriter, status int, kind, title string) {
	reply(w, status, map[string]any{"errors": []any{map[string]string{"type": kind, "title": title}}})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only if the client has gone
}
