// Package page is the gateway's page for people: messages and what became of them,
// providers, doubts that wait for a person, opt-outs, the text analyser, and costs.
//
// It is rendered on the server and works without JavaScript; a small script refreshes
// what is shown when something has changed. It loads nothing from elsewhere, and its
// Content-Security-Policy allows no inline script or style. Whoever has a key signs in
// with it, and sees and does what the key may.
package page

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/api"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

//go:embed assets
var assets embed.FS

// Options are what the page works on. All but Callbacks, Changes and Now are needed.
type Options struct {
	Gate      *apikey.Gate
	Ledger    *ledger.Ledger
	Providers func() []api.Provider
	// SetOverride takes a provider in or out of use.
	SetOverride func(name string, o router.Override) error
	// Callbacks returns where a provider's vendor reports; nil = that is not shown.
	Callbacks func(ctx context.Context, name string) (Callbacks, error)
	// Region returns the region of numbers without a calling code; "" = none.
	Region func() string
	// Changes tells when something may look different, until the context ends; nil =
	// every few seconds.
	Changes func(ctx context.Context) <-chan struct{}
	Log     *slog.Logger
	Version string
	Now     func() time.Time // nil = time.Now
	// Patience is how long messages are searched for before the page says how far it has
	// come; 0 = 120 ms.
	Patience time.Duration
}

// Page serves the page. It is safe for concurrent use.
type Page struct {
	Options
	sessions *sessions
	stats    statsCache
	live     chan struct{} // bounds the open streams
}

// New returns the page.
func New(o Options) *Page {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Patience = cmp.Or(o.Patience, api.Patience)
	return &Page{Options: o, sessions: newSessions(o.Now), live: make(chan struct{}, maxStreams)}
}

// Register adds the page's paths to a mux.
func (p *Page) Register(mux *http.ServeMux) {
	mux.Handle("GET /assets/", p.guard(http.FileServerFS(assets)))
	mux.Handle("GET /sign-in", p.guard(http.HandlerFunc(p.showSignIn)))
	mux.Handle("POST /sign-in", p.guard(http.HandlerFunc(p.signIn)))
	mux.Handle("POST /sign-out", p.action("", p.signOut))
	mux.Handle("GET /live", p.view("", p.stream))

	mux.Handle("GET /{$}", p.view(settings.ScopeRead, p.showMessages))
	mux.Handle("GET /messages/{id}", p.view(settings.ScopeRead, p.showMessage))
	mux.Handle("POST /messages/{id}/settle", p.action(settings.ScopeAdmin, p.settle))
	mux.Handle("GET /unknown", p.view(settings.ScopeRead, p.showUnknown))
	mux.Handle("GET /providers", p.view(settings.ScopeRead, p.showProviders))
	mux.Handle("POST /providers/{name}/override", p.action(settings.ScopeAdmin, p.override))
	mux.Handle("GET /optouts", p.view(settings.ScopeOptOuts, p.showOptOuts))
	mux.Handle("POST /optouts/add", p.action(settings.ScopeOptOuts, p.addOptOut))
	mux.Handle("POST /optouts/remove", p.action(settings.ScopeOptOuts, p.removeOptOut))
	mux.Handle("GET /analyser", p.view("", p.showAnalyser))
	mux.Handle("POST /analyser", p.action("", p.analyse))
	mux.Handle("GET /costs", p.view(settings.ScopeRead, p.showCosts))
}

// policy is the Content-Security-Policy: only what the page itself serves.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard sets the headers of every response.
func (p *Page) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if strings.HasPrefix(r.URL.Path, "/assets/") {
			h.Set("Cache-Control", "no-cache")
		}
		next.ServeHTTP(w, r)
	})
}

// visit is a request of somebody who is signed in.
type visit struct {
	*http.Request
	w      http.ResponseWriter
	client *apikey.Client
	token  string // for forms, against cross-site requests
	cookie string // of the session; "" = a gateway without keys
}

// view lets in whoever is signed in with a key that has the scope; "" = any.
func (p *Page) view(scope string, do func(*visit)) http.Handler {
	return p.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, problem := p.enter(w, r)
		switch {
		case problem != nil:
			p.fail(v, problem.Status, problem.Detail)
		case v.client == nil:
			http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		case scope != "" && !v.client.Has(scope):
			p.fail(v, http.StatusForbidden, "The key "+v.client.Name+" does not have the scope "+scope+", which this needs.")
		default:
			do(v)
		}
	}))
}

// maxForm bounds a form.
const maxForm = 64 << 10

// action is a view that changes something: it wants the token that only our own forms
// have.
func (p *Page) action(scope string, do func(*visit)) http.Handler {
	checked := p.view(scope, func(v *visit) {
		if !sameToken(v.PostFormValue("csrf"), v.token) {
			p.fail(v, http.StatusForbidden, "This form is too old. Go back, reload the page, and try again.")
			return
		}
		do(v)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		checked.ServeHTTP(w, r)
	})
}

// message returns a message that the visitor may see; nil = an error was shown.
func (p *Page) message(v *visit) *ledger.Message {
	m, err := p.Ledger.Message(v.Context(), v.PathValue("id"))
	if err == nil && !v.client.Sees(m.Namespace) {
		err = ledger.ErrNotFound
	}
	if errors.Is(err, ledger.ErrNotFound) {
		p.fail(v, http.StatusNotFound, "There is no such message, or it is older than the retention.")
		return nil
	}
	if err != nil {
		p.broken(v, err)
		return nil
	}
	return m
}

// namespace is what the visitor may see.
func (v *visit) namespace() string {
	if v.client.Has(settings.ScopeAll) {
		return ledger.AllNamespaces
	}
	return v.client.Name
}

// may reports whether the visitor's key has a scope; views ask it.
func (v *visit) may(scope string) bool { return v.client != nil && v.client.Has(scope) }

// done sends the visitor back to a view after an action.
func (p *Page) done(v *visit, path string) { http.Redirect(v.w, v.Request, path, http.StatusSeeOther) }

// broken shows an error of ours.
func (p *Page) broken(v *visit, err error) {
	if v.Context().Err() != nil {
		return
	}
	p.Log.Error("the page", "path", v.Pattern, "error", provider.Mask(err.Error()))
	p.fail(v, http.StatusServiceUnavailable, "The database cannot be read or written at the moment. Try again.")
}
