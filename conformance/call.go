package conformance

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/anysms/anysms/provider"
)

// pace is how long the suite waits.
type pace struct {
	hang     time.Duration // for a vendor that does not respond
	call     time.Duration // for a call that gets a response
	patience time.Duration // for a call to return after its time is over
	limit    time.Duration // for a case
}

var usualPace = pace{hang: 300 * time.Millisecond, call: 30 * time.Second, patience: 10 * time.Second, limit: 5 * time.Minute}

// guarded calls the driver in a goroutine of its own. It returns the problem if the
// call panics, or does not return in time: until the context ends, and some patience
// longer. A call that never returns leaves its goroutine behind.
func guarded[T any](ctx context.Context, p pace, what string, call func() T) (value T, problem string) {
	type outcome struct {
		value   T
		problem string
	}
	returned := make(chan outcome, 1)
	start := time.Now()
	go func() {
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o.problem = fmt.Sprintf("%s panics: %v\n%s", what, p, debug.Stack())
			}
			returned <- o
		}()
		o.value = call()
	}()
	select {
	case o := <-returned:
		return o.value, o.problem
	case <-ctx.Done():
	}
	patience := time.NewTimer(p.patience)
	defer patience.Stop()
	select {
	case o := <-returned:
		return o.value, o.problem
	case <-patience.C:
	}
	return value, fmt.Sprintf("%s did not return: it was called %s ago, and its time was over %s ago", what, round(time.Since(start)), p.patience)
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// do calls the driver under the trial's time for a call, and ends the case if the
// call panics or does not return.
func do[T any](t *trial, what string, call func() T) T {
	return doUnder(t, t.ctx(), what, call)
}

func doUnder[T any](t *trial, ctx context.Context, what string, call func() T) T {
	if t.over.Load() {
		runtime.Goexit()
	}
	t.doing.Store(&what)
	value, problem := guarded(ctx, t.pace, what, call)
	if problem != "" {
		t.stopf("%s", problem)
	}
	return value
}

// either is a value or an error.
type either[T any] struct {
	value T
	err   error
}

// doErr is do for a call that returns an error too.
func doErr[T any](t *trial, what string, call func(context.Context) (T, error)) (T, error) {
	ctx := t.ctx()
	e := doUnder(t, ctx, what, func() either[T] {
		value, err := call(ctx)
		return either[T]{value, err}
	})
	return e.value, e.err
}

// opened calls Open. problem says why there is no provider.
func (s *suite) opened(ctx context.Context, what string, open func() (provider.Provider, error)) (p provider.Provider, problem string) {
	e, problem := guarded(ctx, s.pace, what, func() either[provider.Provider] {
		p, err := open()
		return either[provider.Provider]{p, err}
	})
	switch {
	case problem != "":
		return nil, problem
	case e.err != nil:
		return nil, fmt.Sprintf("%s: %v", what, e.err)
	case e.value == nil:
		return nil, what + " returned neither a provider nor an error"
	}
	return e.value, ""
}

// closeQuietly closes a provider at the end of a case. Closing is tested by cases of
// its own, so that only a call that does not return matters.
func (t *trial) closeQuietly(p provider.Provider) {
	ctx, cancel := context.WithTimeout(context.Background(), t.pace.call)
	defer cancel()
	_, problem := guarded(ctx, t.pace, "Close", func() error { return provider.Close(p) })
	if problem != "" {
		t.failf("%s", problem)
	}
}
