package router

import (
	"context"
	"time"
)

// storeTime bounds a call to the store.
const storeTime = 5 * time.Second

// storeShare is how long a message may wait for one call: a part of the time that it
// has, so that a store that hangs leaves time for the attempt.
func storeShare(deadline time.Time) time.Duration { return min(storeTime, timeUntil(deadline)/4) }

// reply is what came of a call to the store.
type reply struct {
	prior *Result
	err   error
	// pending is closed when the call has ended; nil = it has.
	pending <-chan struct{}
}

// ask makes a call to a store and returns when it has ended, or when the context has,
// whichever is first: clients of databases do not always look at the context.
func ask(ctx context.Context, s Store, call func() (*Result, error)) reply {
	if _, local := s.(*MemoryStore); local { // it does not wait
		prior, err := call()
		return reply{prior: prior, err: err}
	}
	var r reply
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.prior, r.err = call()
	}()
	select {
	case <-done:
		return r
	case <-ctx.Done():
	}
	select {
	case <-done:
		return r
	default:
		return reply{err: context.Cause(ctx), pending: done}
	}
}
