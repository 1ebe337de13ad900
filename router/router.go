package router

import (
	"context"
	"errors"
	"iter"

	"github.com/anysms/anysms/provider"
)

// Router sends messages. Make it with [New]; it is safe for concurrent use.
type Router struct{}

// New makes a router over providers, which are closed with it. A nil Options
// means the defaults. It does no I/O; what is wrong is a *provider.ConfigError
// whose path is "providers.<name>.…", "routes[0].…" or the option's name.
func New(providers []Provider, opts *Options) (*Router, error) { return nil, errors.ErrUnsupported }

// Send sends one message. The result is never nil; the error is nil if and only
// if the result's status is accepted, and then errors.Is finds its Code. m is
// not changed.
func (r *Router) Send(ctx context.Context, m *provider.Message) (*Result, error) {
	return nil, errors.ErrUnsupported
}

// SendAll sends every message of a sequence, several at a time and in no
// particular order. Each is answered once.
func (r *Router) SendAll(ctx context.Context, ms iter.Seq[*provider.Message]) iter.Seq2[*Result, error] {
	return nil
}

// Plan says what Send would do with m now, without sending.
func (r *Router) Plan(m *provider.Message) *Plan { return nil }

// Close waits until nothing is in flight, or the context ends, and closes the
// providers. Messages sent after it are not_sent.
func (r *Router) Close(ctx context.Context) error { return nil }

// States gives the present state of every provider.
func (r *Router) States() []State { return nil }

// State is the present state of a provider.
type State struct {
	Provider string       `json:"provider"`
	Breaker  BreakerState `json:"breaker"`
	Parked   bool         `json:"parked"`
	Pin      Pin          `json:"pin"`
	InFlight int          `json:"in_flight"`
}

// Pin is an operator's word on a provider, which no automation undoes.
type Pin string

// The pins.
const (
	Unpinned  Pin = ""
	PinnedIn  Pin = "in"  // in use whatever its breaker says
	PinnedOut Pin = "out" // not in use
)

// Pin holds a provider in or out, or lets it go.
func (r *Router) Pin(name string, p Pin) error { return nil }

// Observe feeds delivery reports in.
func (r *Router) Observe(ctx context.Context, name string, events ...provider.Event) error { return nil }

// Findings lists what is allowed in the configuration but surely not meant: dead
// and shadowed routes, reconcile where nothing can be asked.
func (r *Router) Findings() []Finding { return nil }

// Finding is a warning about a setting.
type Finding struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}
