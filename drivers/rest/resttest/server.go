package resttest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/internal/fixture"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// Server is a fake of a recipe's vendor, made of the recipe: it accepts the
// requests that the recipe can make with the credentials of its example, and
// refuses all others. It responds as the fixtures do, with a new id for each
// message. It is safe for concurrent use.
type Server struct {
	*httpcalltest.Server // URL is what base_url takes
	httpcalltest.Failures

	model *model

	mu       sync.Mutex
	messages []Message
}

// Message is what the server accepted.
type Message struct {
	ID     string // as the vendor writes it; the receipt's may contain the recipient as well
	To     string // E.164 with plus, if the vendor's form of numbers allows
	From   string
	Text   string
	Ref    string
	Values map[string]string // all values in the request, by the names of templates
}

// NewServer starts a fake of a recipe's vendor. The recipe needs a fixture of
// an accepted send.
func NewServer(r *rest.Recipe) (*Server, error) {
	m, err := modelOf(r)
	if err != nil {
		return nil, err
	}
	s := &Server{model: m}
	if m.fixture(isAccepted) == nil {
		return nil, fmt.Errorf("recipe %s has no fixture of a send that is accepted", r.Name)
	}
	s.Server = httpcalltest.NewServer(http.HandlerFunc(s.serve))
	return s, nil
}

// Messages returns what was accepted, in order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

func isAccepted(f *fixture.Fixture) bool {
	return f.Kind() == "send" && f.Receipt != nil && f.Reply != nil && f.Settings == nil
}

func (s *Server) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	if s.model.serveToken(w, req) {
		return
	}
	f, failing := s.NextFailure("", req.URL.Path)
	if failing && !f.After {
		f.Write(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if failing {
		defer f.Write(w)
		w = httptest.NewRecorder() // discards the vendor's own response
	}
	if !s.model.authentic(req, body) {
		s.answer(w, s.model.fixture(func(f *fixture.Fixture) bool {
			return f.Reply != nil && f.Error != nil && provider.Code(f.Error.Code) == provider.Unauthenticated
		}), nil, http.StatusUnauthorized)
		return
	}
	if received, err := s.model.received(req, body); err == nil {
		s.accept(w, received)
		return
	}
	s.answer(w, s.model.fixture(func(f *fixture.Fixture) bool {
		return f.Kind() != "send" && f.Kind() != "batch" && f.Reply != nil && f.Error == nil && f.Request != nil &&
			f.Request.Path == req.URL.EscapedPath() && (f.Request.Method == "" || f.Request.Method == req.Method)
	}), nil, http.StatusBadRequest)
}

// accept accepts one message or a batch. A batch gets the reply of a fixture
// with as many messages.
func (s *Server) accept(w http.ResponseWriter, received []map[string]string) {
	f := s.model.fixture(isAccepted)
	if len(received) != 1 {
		f = s.model.fixture(func(f *fixture.Fixture) bool {
			return f.Kind() == "batch" && len(f.Messages) == len(received) && f.Reply != nil
		})
	}
	for _, values := range received {
		m := Message{To: values["to"], From: values["from"], Text: values["text"], Ref: values["ref"], Values: values}
		if f != nil && len(received) == 1 {
			m.ID = newID(f.Receipt.ID, len(s.messages)+1)
		}
		s.messages = append(s.messages, m)
	}
	s.answer(w, f, received, http.StatusNotImplemented)
}

// answer sends a fixture's reply, or only a status if there is none.
func (s *Server) answer(w http.ResponseWriter, f *fixture.Fixture, received []map[string]string, otherwise int) {
	if f == nil {
		w.WriteHeader(otherwise)
		return
	}
	body, err := f.Reply.Bytes()
	if len(received) == 1 {
		body, err = replyBody(f)
	}
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if len(received) == 1 {
		last := s.messages[len(s.messages)-1]
		body = []byte(strings.NewReplacer("{{id}}", last.ID, "{{uuid}}", last.ID, "{{number}}", last.ID,
			"{{to}}", last.To, "{{digits}}", strings.TrimPrefix(last.To, "+")).Replace(string(body)))
	}
	for key, v := range f.Reply.Headers {
		w.Header().Set(key, v)
	}
	w.WriteHeader(max(f.Reply.Status, http.StatusOK))
	_, _ = w.Write(body) // fails only if the client has gone
}

// newID returns an id of the same form as the fixture's.
func newID(like string, serial int) string {
	like, _, _ = strings.Cut(like, ":")
	switch placeholder(like) {
	case "{{uuid}}":
		return fmt.Sprintf("5a110c8e-0000-4000-8000-%012x", serial)
	case "{{number}}":
		return fmt.Sprint(40_000_000 + serial)
	}
	return fmt.Sprintf("%s%06d", like[:min(2, len(like))], serial)
}
