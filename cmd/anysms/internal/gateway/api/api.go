// Package api is the gateway's HTTP API. Its OpenAPI document is made by huma from the
// types of requests and responses. Requests are read by package strict and not by huma,
// whose errors have neither our codes nor a JSON pointer per field, and which returns
// 422 where a body cannot be read.
package api

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/otp"
	"github.com/anysms/anysms/router/queue"
)

// Backend is what the API works on.
type Backend struct {
	Gate   *apikey.Gate
	Ledger *ledger.Ledger
	Router *router.Router
	Queue  *queue.Queue
	Codes  func() *otp.Service
	Events Events
	// Configured returns the providers of the configuration.
	Configured func() []config.Provider
	Errors     *LastErrors
	// Region returns the region of numbers without a calling code; "" = none.
	Region func() string
	// Patience is how long messages are searched for before a page says how far it has
	// come; 0 = [Patience].
	Patience time.Duration
	Log      *slog.Logger
	// Version is the program's.
	Version string
}

// API serves /v1/ and /openapi.json. It is safe for concurrent use.
type API struct {
	Backend
	mux      *http.ServeMux
	document *huma.OpenAPI
	openAPI  func() []byte
}

// New returns the API.
func New(b Backend) *API {
	b.Patience = cmp.Or(b.Patience, Patience)
	a := &API{Backend: b, mux: http.NewServeMux(), document: newDocument(b.Version)}
	a.sending()
	a.messages()
	a.verifications()
	a.events()
	a.analyses()
	a.providers()
	a.optOuts()
	allowNull(a.document.Components.Schemas)
	a.openAPI = sync.OnceValue(func() []byte {
		list, _ := json.MarshalIndent(a.document, "", "  ") // of its own types
		return append(list, '\n')
	})
	a.mux.HandleFunc("GET /openapi.json", a.serveDocument)
	return a
}

// ServeHTTP serves a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p := problem.NotServed(a.mux, r); p != nil {
		p.Write(w)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// serveDocument serves the OpenAPI document: without a key to this machine, to others
// with any.
func (a *API) serveDocument(w http.ResponseWriter, r *http.Request) {
	if !a.Gate.FromHere(r) {
		if _, p := a.Gate.Client(r); p != nil {
			p.Write(w)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(a.openAPI())
}
