// Package apifontest is a strict, stateful fake of Apifon's REST API on
// loopback, for tests of programs that send through Apifon.
//
//	server := apifontest.NewServer(apifontest.Options{})
//	defer server.Close()
//	account, err := apifon.New(apifon.Config{
//		Config: httpcall.Config{BaseURL: server.URL},
//		Token:  apifontest.Token, Secret: apifontest.Secret, Sender: "Example",
//	})
//
// It verifies signatures over the exact bytes, refuses every field, type and
// value that the vendor's reference does not allow, and keeps what it accepted:
// see [Server.Messages]. It can be down, drop connections or hang
// ([httpcalltest.Server.SetMode]), and fail as the vendor does
// ([httpcalltest.Failures.Fail]).
//
// Where the vendor's documents are silent the fake is strict: it refuses
// unknown JSON keys, texts that the chosen data coding cannot represent, and
// {apifon_…} placeholders without a value.
package apifontest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// The account that the server knows unless [Options] override it.
const (
	Token        = "0123456789abcdef0123"
	Secret       = "s3cr3t-Key/For+Tests"
	ClientID     = "example-client"
	ClientSecret = "example-client-s3cr3t"
)

// Options change the server; the zero value of each field is its default.
type Options struct {
	Token, Secret          string           // default the constants [Token] and [Secret]
	ClientID, ClientSecret string           // default the constants [ClientID] and [ClientSecret]
	Now                    func() time.Time // default time.Now
	Tolerance              time.Duration    // how much a signature's date may differ; default 15 minutes
	Scopes                 []string         // scopes of the OAuth2 client; default all
	TokenLife              time.Duration    // of OAuth2 access tokens; default one hour
	Callbacks              *http.Client     // makes callbacks; default http.DefaultClient
}

// Server is the fake. It is safe for concurrent use.
type Server struct {
	*httpcalltest.Server  // URL is what base_url takes
	httpcalltest.Failures // those for any path are for API requests, not for token requests

	options Options
	lastID  atomic.Int64

	mu       sync.Mutex
	calls    []Call
	tokens   map[string]token
	messages []Message
	places   map[string]int          // of messages, by message id; of those that were alone in their request by its id, too
	codes    map[string]*oneTimeCode // by reference
	balance  Balance
	blocked  []record
	lists    []*list
}

// route adds a call of the reference to the server.
type route func(method, path, scope string, h handler)

// NewServer starts a server without messages.
func NewServer(options Options) *Server {
	options.Token = cmp.Or(options.Token, Token)
	options.Secret = cmp.Or(options.Secret, Secret)
	options.ClientID = cmp.Or(options.ClientID, ClientID)
	options.ClientSecret = cmp.Or(options.ClientSecret, ClientSecret)
	options.Tolerance = cmp.Or(options.Tolerance, 15*time.Minute)
	options.TokenLife = cmp.Or(options.TokenLife, time.Hour)
	if options.Callbacks == nil {
		options.Callbacks = http.DefaultClient
	}
	if options.Scopes == nil {
		options.Scopes = scopes
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Server{options: options, tokens: make(map[string]token), codes: make(map[string]*oneTimeCode), places: make(map[string]int), balance: initialBalance}
	s.Server = httpcalltest.NewServer(s.routes())
	return s
}

// Call is a request that the server received, whether or not it succeeded.
type Call struct {
	Method string
	Target string // path and query of the request line
	Body   string
}

// Calls lists the API requests in order, without token requests.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// api precedes every path of the reference.
const api = "/services/api/v1"

// maxBody is the largest request that is read.
const maxBody = 8 << 20

// request is one authenticated API request.
type request struct {
	*http.Request
	body []byte
}

// answer is a response of the server; a nil body is an empty one.
type answer struct {
	status   int
	body     any
	location string // "" = none
}

type handler func(*request) answer

// routes are the vendor's calls.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+tokenPath, s.issueToken)
	mux.HandleFunc("POST "+revokePath, s.revokeToken)
	handle := func(method, path, scope string, h handler) {
		mux.HandleFunc(method+" "+api+path, s.guarded(scope, h))
	}
	handle("POST", "/sms/send", "smsGateway", s.sendSMS)
	handle("POST", "/sms/remove", "smsGateway", s.removeScheduled(smsChannel))
	handle("POST", "/im/send", "imGateway", s.sendIM)
	handle("POST", "/im/file", "imGateway", s.sendIMFile)
	handle("POST", "/im/remove", "imGateway", s.removeScheduled(imChannel))
	handle("POST", "/otp/create", "otpGateway", s.createOTP)
	handle("POST", "/otp/verify/{reference}/{code}", "otpGateway", s.verifyOTP)
	handle("POST", "/balance", "accountInfo", s.readBalance)
	s.bounceRoutes(handle)
	s.listRoutes(handle)
	s.subscriberRoutes(handle)
	return mux
}

// guarded lets a valid request through to its handler.
func (s *Server) guarded(scope string, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err != nil {
			return // the client went away
		}
		s.note(r, body)
		failure, failing := s.NextFailure("", strings.TrimPrefix(r.URL.Path, api))
		if failing && !failure.After {
			failure.Write(w)
			return
		}
		a := s.serve(scope, h, &request{r, body})
		if failing {
			failure.Write(w)
			return
		}
		a.write(w)
	}
}

func (s *Server) serve(scope string, h handler, r *request) answer {
	if s.unauthorized(r, scope) != "" {
		return resourceError(http.StatusUnauthorized, "Unauthorized", nil)
	}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); len(r.body) > 0 && media != "application/json" {
		return resourceError(http.StatusUnsupportedMediaType, "Unsupported Media Type", nil)
	}
	return h(r)
}

// note adds a request to the list of calls.
func (s *Server) note(r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, Call{r.Method, r.RequestURI, string(body)})
}

func (a answer) write(w http.ResponseWriter) {
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body) // a client that went away reads nothing
}

// resourceError is the format of errors of resources and of authentication.
func resourceError(status int, title string, details map[string]string) answer {
	if details == nil {
		details = map[string]string{}
	}
	return answer{status: status, body: map[string]any{
		"status":            fmt.Sprint(status),
		"title":             title,
		"error_details":     details,
		"error_report_code": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
	}}
}

// gatewayError is the format of errors of the SMS, IM and OTP gateways.
func (s *Server) gatewayError(status int, description string) answer {
	return answer{status: status, body: map[string]any{
		"request_id":  s.newID("request"),
		"result_info": map[string]any{"status_code": status, "description": description},
	}}
}

// idForms are the formats of ids by kind: UUIDs that can be told apart.
var idForms = map[string]string{
	"request": "10000000-0000-4000-8000-%012x",
	"message": "20000000-0000-4000-8000-%012x",
	"page":    "p%05x",
	"token":   "30000000-0000-4000-8000-%012x",
	"part":    "40000000-0000-4000-8000-%012x",
	"object":  "5c%022x",
}

// newID returns the next id of a kind.
func (s *Server) newID(kind string) string {
	return fmt.Sprintf(idForms[kind], s.lastID.Add(1))
}
