package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/router"
)

// routes puts the parts of the gateway under their paths.
func (g *Gateway) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/", g.api)
	mux.Handle("GET /openapi.json", g.api)
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", g.ready)
	mux.HandleFunc("GET /metrics", g.showMetrics)
	mux.HandleFunc("/hooks/", func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/hooks", g.hooks.Load()).ServeHTTP(w, r)
	})
	mux.HandleFunc("/callbacks/", func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/callbacks", g.callbacks.Load()).ServeHTTP(w, r)
	})
	g.newPage().Register(mux)
	return g.watch(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := problem.NotServed(mux, r); p != nil {
			p.Write(w)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// healthy says that the process serves requests.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// ready says whether the gateway takes messages: the database can be written, and no
// override holds every provider out. Open breakers do not count: the queue is there for
// outages.
func (g *Gateway) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	select {
	case <-g.closing:
		problem.New(http.StatusServiceUnavailable, problem.Unavailable, "the gateway is shutting down").Write(w)
		return
	default:
	}
	if !g.usable() {
		problem.New(http.StatusServiceUnavailable, problem.Unavailable, "every provider is taken out of use").Write(w)
		return
	}
	if _, err := g.ledger.RecordAt(ctx, "gateway", "gateway.ready", ""); err != nil {
		problem.New(http.StatusServiceUnavailable, problem.Unavailable, "the database cannot be written").Write(w)
		return
	}
	healthy(w, r)
}

func (g *Gateway) usable() bool {
	for _, s := range g.router.States() {
		if s.Override != router.OverrideOut {
			return true
		}
	}
	return false
}

// showMetrics shows metrics: without a key to this machine, to others with any.
func (g *Gateway) showMetrics(w http.ResponseWriter, r *http.Request) {
	if !g.gate.FromHere(r) {
		if _, p := g.gate.Client(r); p != nil {
			p.Write(w)
			return
		}
	}
	g.metrics.handler.ServeHTTP(w, r)
}

// watch counts requests, and turns a panic into a 500.
func (g *Gateway) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			fault := recover()
			if fault == nil {
				g.metrics.count(r.Context(), r.Pattern, s.status)
				return
			}
			g.metrics.count(r.Context(), r.Pattern, http.StatusInternalServerError)
			if err, is := fault.(error); is && errors.Is(err, http.ErrAbortHandler) {
				panic(fault)
			}
			g.log.Error("panic while serving a request", "route", r.Pattern, "panic", describePanic(fault), "stack", string(debug.Stack()))
			if s.wrote {
				panic(http.ErrAbortHandler) // else the client would take what it has for the whole response
			}
			clear(w.Header()) // of the response that it was to be
			problem.New(http.StatusInternalServerError, problem.Unavailable, "something went wrong here").Write(s)
		}()
		next.ServeHTTP(s, r)
	})
}

// describePanic says what is safe to say: an error of the runtime has neither texts nor
// numbers of people in it, anything else may.
func describePanic(fault any) string {
	if err, ok := fault.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", fault)
}

// statusWriter remembers the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (s *statusWriter) WriteHeader(status int) {
	if !s.wrote {
		s.status, s.wrote = status, true
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusWriter) Write(b []byte) (int, error) {
	s.wrote = true
	return s.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
