package router

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// Router sends messages. Make it with [New]; it is safe for concurrent use.
type Router struct {
	setup      atomic.Pointer[setup] // nil = closed
	middleware []Middleware
	telemetry  *telemetry
	doubts     doubts
	owners     owners

	mu sync.Mutex // guards reloads and closing
}

// New returns a router over providers, which it closes when it is closed. A nil
// Options means the defaults. New does no I/O. A wrong setting is a
// [*provider.ConfigError] whose path is "providers.<name>.…", "routes[0].…" or the
// name of the option; so is a provider that claims a capability without the
// method for it.
func New(providers []Upstream, opts *Options) (*Router, error) {
	if opts == nil {
		opts = &Options{}
	}
	r := &Router{middleware: opts.Middleware}
	var err error
	if r.telemetry, err = newTelemetry(opts); err != nil {
		return nil, err
	}
	s, err := newSetup(providers, opts, r.telemetry, nil)
	if err != nil {
		return nil, err
	}
	s.start()
	close(s.earlier) // there is no setup before the first
	r.setup.Store(s)
	return r, nil
}

// errClosed is the cause of every failure after Close.
var errClosed = errors.New("the router is closed")

// enter returns the present setup, whose providers stay open until its gate is
// left; nil = the router is closed.
func (r *Router) enter() *setup {
	for {
		s := r.setup.Load()
		if s == nil || s.gate.Enter() {
			return s
		}
	}
}

// Close waits until no message is in flight and closes the providers. Messages
// sent after it are not_sent. If the context ends first,
// Close returns its cause, and the providers are closed as soon as they are idle.
func (r *Router) Close(ctx context.Context) error {
	r.mu.Lock()
	s := r.setup.Swap(nil)
	r.mu.Unlock()
	if s == nil {
		return nil
	}
	done := make(chan error, 1)
	idle := s.gate.Close()
	go func() {
		<-idle
		<-s.earlier
		done <- closeAll(s.upstreams, nil)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
