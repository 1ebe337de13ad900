package router

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/provider"
)

// Router sends messages. Make it with [New]; it is safe for concurrent use.
type Router struct {
	setup     atomic.Pointer[setup]
	chain     SendFunc
	telemetry *telemetry
	doubts    doubts

	mu sync.Mutex // guards reloads and closing
}

// New makes a router over providers, which are closed with it. A nil Options
// means the defaults. It does no I/O; what is wrong is a *provider.ConfigError
// whose path is "providers.<name>.…", "routes[0].…" or the option's name.
func New(providers []Upstream, opts *Options) (*Router, error) {
	s, err := newSetup(providers, opts, nil)
	if err != nil {
		return nil, err
	}
	close(s.earlier) // there is none
	r := &Router{}
	if r.telemetry, err = newTelemetry(&s.Options); err != nil {
		return nil, err
	}
	r.setup.Store(s)
	r.chain = r.deliver
	for i := len(s.Middleware) - 1; i >= 0; i-- {
		r.chain = s.Middleware[i](r.chain)
	}
	return r, nil
}

// Send sends one message. The result is never nil; the error is nil if and only
// if the result's status is accepted, and else an [*Error]. m is not changed.
//
// Send returns when the matter is settled, or when the context, the message's
// Deadline or its Validity ends. A context that ends while an attempt is under
// way leaves the outcome that the driver can prove.
func (r *Router) Send(ctx context.Context, m *provider.Message) (*Result, error) {
	result, err := r.chain(ctx, m)
	if result == nil { // a middleware broke the rule
		result = &Result{Status: provider.OutcomeUnknown, Code: provider.Indeterminate, Message: "a middleware gave no result"}
		err = result.failure(err)
	}
	return result, err
}

// deliver is Send inside the middleware.
func (r *Router) deliver(ctx context.Context, m *provider.Message) (*Result, error) {
	ctx, span := r.telemetry.start(ctx)
	result, cause := r.dispatch(ctx, m)
	r.telemetry.end(ctx, span, result)
	return result, result.failure(cause)
}

// errClosed is the cause after Close.
var errClosed = errors.New("the router is closed")

// dispatch answers with the result and the cause behind it.
func (r *Router) dispatch(ctx context.Context, m *provider.Message) (*Result, error) {
	s := send{r: r, m: m, result: &Result{}, started: time.Now()}
	if s.setup = r.enter(); s.setup == nil {
		err := &provider.Error{Code: provider.Unavailable, Err: errClosed}
		s.refuse(err)
		return s.result, err
	}
	defer s.gate.leave()
	return s.result, s.deliver(ctx)
}

// enter takes the present setup, which stays whole until its gate is left; nil
// once the router is closed.
func (r *Router) enter() *setup {
	for {
		s := r.setup.Load()
		if s == nil || s.gate.enter() {
			return s
		}
	}
}

// deliver takes a message from its judgement to its result.
func (s *send) deliver(ctx context.Context) error {
	if s.m == nil {
		s.m = &provider.Message{}
	}
	s.budget = s.AttemptBudget
	refusal := s.prepare(ctx, true)
	if j, ok := ctx.Value(jobKey{}).(*job); ok {
		s.batchers, s.key = j.batchers, j.key
		if j.prior != nil && j.prior.Status == provider.OutcomeAccepted {
			s.recall(j.prior)
			return nil
		}
		if j.prior != nil {
			s.inherit(j.prior)
		}
	}
	switch {
	case refusal != nil && s.inherited > 0: // of a later try: the doubt about the earlier one stays
		return s.conclude()
	case refusal != nil:
		s.refuse(refusal)
		return refusal
	}
	if s.Store != nil && s.m.Ref != "" {
		return s.once(ctx)
	}
	return s.process(ctx)
}

// process makes the attempts and concludes.
func (s *send) process(ctx context.Context) error {
	if s.inherited > 0 {
		s.settleInherited(ctx)
	} else if err := s.late(); err != nil {
		s.refuse(err)
		return err
	}
	s.run(ctx)
	cause := s.conclude()
	s.noteOutcome(ctx)
	s.r.doubts.remember(s.m.Ref, s.result)
	return cause
}

// Close lets no further message in, waits until nothing is in flight and closes
// the providers. Messages sent after it are not_sent. If the context ends first,
// Close answers its error, and the providers are closed as soon as they are idle.
func (r *Router) Close(ctx context.Context) error {
	r.mu.Lock()
	s := r.setup.Swap(nil)
	r.mu.Unlock()
	if s == nil {
		return nil
	}
	done := make(chan error, 1)
	idle := s.gate.close()
	go func() {
		<-idle
		<-s.earlier
		done <- closeAll(s.lines, nil)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// closeAll closes the providers of lines but those that others use too.
func closeAll(lines, others []*line) error {
	var errs []error
	for _, l := range lines {
		if !slices.ContainsFunc(others, l.sharesProvider) {
			errs = append(errs, provider.Close(l.Upstream.Provider))
		}
	}
	return errors.Join(errs...)
}

// sharesProvider reports whether two lines have one provider. Values that cannot
// be compared are taken for one if they are of one type.
func (l *line) sharesProvider(other *line) bool {
	a, b := reflect.ValueOf(l.Upstream.Provider), reflect.ValueOf(other.Upstream.Provider)
	return a.Type() == b.Type() && (!a.Comparable() || a.Equal(b))
}
