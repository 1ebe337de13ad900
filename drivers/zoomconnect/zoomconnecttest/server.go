// Package zoomconnecttest is a strict, stateful fake of ZoomConnect's REST API
// on loopback, for tests of programs that send through ZoomConnect.
//
//	server := zoomconnecttest.NewServer(zoomconnecttest.Options{})
//	defer server.Close()
//	account, err := zoomconnect.New(zoomconnect.Config{
//		Config: httpcall.Config{BaseURL: server.URL},
//		Email:  zoomconnecttest.Email, Token: zoomconnecttest.Token,
//	})
//
// It accepts the three ways of authentication, refuses every field, parameter
// and value that the vendor's guide does not have, charges a credit for each
// segment and keeps what it accepted: see [Server.Messages]. It can be down,
// drop connections or hang ([httpcalltest.Server.SetMode]), and fail as the
// vendor does ([httpcalltest.Failures.Fail]).
//
// Where the vendor's documents are silent the fake is strict. The words of its
// errors are its own, except for the numbers 1, 2 and 3.
package zoomconnecttest

import (
	"bytes"
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// The account that the server knows unless [Options] override it.
const (
	Email    = "user@example.com"
	Token    = "11111111-2222-3333-4444-555555555555"
	URLToken = "99999999-8888-7777-6666-555555555555"
)

// Options change the server; the zero value of each field is its default.
type Options struct {
	Email, Token, URLToken string           // default the constants of the same names
	Credits                int              // at first; default 1,000
	Now                    func() time.Time // default time.Now
}

// zone is the vendor's time zone, South Africa, which has no daylight saving
// time.
var zone = time.FixedZone("SAST", 2*60*60)

// Server is the fake. It is safe for concurrent use.
type Server struct {
	*httpcalltest.Server // URL is what base_url takes
	httpcalltest.Failures

	options Options

	mu        sync.Mutex
	credits   provider.Money
	lastID    int64
	messages  []Message // oldest first
	users     []user
	contacts  []contact
	groups    []group
	templates []template
}

// NewServer starts a server without messages.
func NewServer(options Options) *Server {
	options.Email = cmp.Or(options.Email, Email)
	options.Token = cmp.Or(options.Token, Token)
	options.URLToken = cmp.Or(options.URLToken, URLToken)
	options.Credits = cmp.Or(options.Credits, 1000)
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Server{options: options, credits: credits(options.Credits)}
	s.Server = httpcalltest.NewServer(s.routes())
	return s
}

// api precedes every path of the guide.
const api = "/api/rest/v1"

// maxBody is the largest request that is read.
const maxBody = 8 << 20

// request is one authenticated request.
type request struct {
	*http.Request
	query url.Values // without the credentials
	body  []byte
}

// answer is a response of the server; a string is plain text, nil an empty
// body.
type answer struct {
	status int
	body   any
}

// handler handles a request. It runs alone: the server is locked.
type handler func(*request) answer

// routes are the vendor's calls.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(methods, path string, h handler) {
		for method := range strings.FieldsSeq(methods) {
			mux.HandleFunc(method+" "+api+path, s.guarded(h))
		}
	}
	s.smsRoutes(handle)
	s.messageRoutes(handle)
	s.accountRoutes(handle)
	s.bookRoutes(handle)
	return mux
}

// guarded lets a valid request through to its handler.
func (s *Server) guarded(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err != nil {
			return // the client went away
		}
		failure, failing := s.NextFailure("", strings.TrimPrefix(r.URL.Path, api))
		if failing && !failure.After {
			failure.Write(w)
			return
		}
		a := s.serve(h, &request{r, r.URL.Query(), body})
		if failing {
			failure.Write(w)
			return
		}
		a.write(w)
	}
}

func (s *Server) serve(h handler, r *request) answer {
	if !s.authenticated(r) {
		return refusal(http.StatusUnauthorized, 0, "Bad credentials")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return h(r).encoded()
}

// encoded encodes the response while the server is locked.
func (a answer) encoded() answer {
	if _, plain := a.body.(string); plain || a.body == nil {
		return a
	}
	body, err := json.Marshal(a.body)
	if err != nil {
		return refusal(http.StatusInternalServerError, 1, err.Error())
	}
	a.body = json.RawMessage(body)
	return a
}

// authenticated accepts the credentials as headers, by HTTP Basic or in the
// query, and the URL sending token instead of all of them.
func (s *Server) authenticated(r *request) bool {
	if token := r.PathValue("token"); token != "" {
		return equal(token, s.options.URLToken)
	}
	email, token := r.Header.Get("email"), r.Header.Get("token")
	if user, password, basic := r.BasicAuth(); basic {
		email, token = user, password
	}
	if r.query.Has("token") {
		email, token = r.query.Get("email"), r.query.Get("token")
		r.query.Del("email")
		r.query.Del("token")
	}
	return equal(email, s.options.Email) && equal(token, s.options.Token)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// decode reads the JSON body strictly.
func (r *request) decode(v any) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/json" {
		return fmt.Errorf("the body is not declared as JSON")
	}
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return fmt.Errorf("the body has more than one JSON value")
	}
	return nil
}

// only refuses parameters other than these, and repeated ones.
func (r *request) only(names ...string) error {
	for name, values := range r.query {
		if !slices.Contains(names, name) || len(values) != 1 {
			return fmt.Errorf("unknown or repeated parameter %s", name)
		}
	}
	return nil
}

func (a answer) write(w http.ResponseWriter) {
	text, plain := a.body.(string)
	switch {
	case a.body == nil:
		w.WriteHeader(a.status)
	case plain:
		w.Header().Set("Content-Type", "text/plain;charset=UTF-8")
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, text) // fails only if the client has gone
	default:
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(a.status)
		_ = json.NewEncoder(w).Encode(a.body) // as above
	}
}

func ok(body any) answer { return answer{http.StatusOK, body} }

// refusal is an error in the vendor's format; code 0 is not one of its numbers.
func refusal(status, code int, message string) answer {
	constant := strings.ToUpper(strings.ReplaceAll(http.StatusText(status), " ", "_"))
	body := map[string]any{"status": constant, "code": code, "message": message, "developerMessage": nil, "moreInfoUrl": nil}
	return answer{status, body}
}

func bad(err error) answer { return refusal(http.StatusBadRequest, 0, err.Error()) }

var absent = refusal(http.StatusNotFound, 0, "Not found")

func credits(n int) provider.Money {
	return provider.Money{Micros: int64(n) * 1_000_000, Currency: provider.Credits}
}

// millis is a time in a response; the zero time is null.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
