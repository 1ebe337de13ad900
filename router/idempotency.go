package router

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/provider"
)

// once sends a message whose Ref is remembered: what is known of it stands in
// for another send.
func (s *send) once(ctx context.Context) error {
	prior, err := s.claim(ctx)
	switch {
	case errors.Is(err, ErrRefReused):
		refused := provider.Errorf(provider.InvalidMessage, ErrRefReused.Error())
		s.refuse(refused)
		return refused
	case err != nil && ctx.Err() != nil, err != nil && s.Stored.OnError == RefuseOnError:
		failed := &provider.Error{Code: provider.Unavailable, Err: err}
		s.refuse(failed)
		return failed
	case err != nil:
		s.fault(s.m.Ref, err)
		return s.process(ctx)
	case prior == nil:
	case prior.Status == provider.OutcomeAccepted:
		s.replay(prior)
		return nil
	case s.mode != provider.AtLeastOnce:
		s.replay(prior)
		s.finish(ctx, prior)
		return nil
	default: // on, as the mode allows, but never to the same provider again
		s.prior = prior
	}
	cause := s.process(ctx)
	if prior != nil {
		s.keepDoubt(prior)
	}
	s.finish(ctx, s.result)
	return cause
}

// claim takes the Ref. While another send has it, claim waits.
func (s *send) claim(ctx context.Context) (*Result, error) {
	print := fingerprint(s.m)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		prior, err := s.Store.Begin(ctx, s.m.Ref, print, s.Stored.Keep)
		if !errors.Is(err, ErrInFlight) {
			return prior, err
		}
		if !s.deadline.IsZero() && time.Until(s.deadline) < wait {
			return nil, err
		}
		if sleep(ctx, wait) != nil {
			return nil, err
		}
	}
}

// replay answers with an earlier result.
func (s *send) replay(prior *Result) {
	line := s.result.Line
	*s.result = *prior
	s.result.Line, s.result.Replayed = line, true
}

// keepDoubt: an earlier attempt may have sent the message, so that a send which
// did not get it accepted proves nothing.
func (s *send) keepDoubt(prior *Result) {
	r := s.result
	r.DuplicatePossible = r.DuplicatePossible || prior.DuplicatePossible
	if r.Status == provider.OutcomeAccepted || r.Status == provider.OutcomeUnknown {
		return
	}
	r.Status, r.Code, r.Message, r.Provider = prior.Status, prior.Code, prior.Message, prior.Provider
}

// storeTime bounds the recording of a result after the caller is gone.
const storeTime = 5 * time.Second

// finish records the result, even if the caller's context has ended: what was
// sent must not be forgotten.
func (s *send) finish(ctx context.Context, r *Result) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	if err := s.Store.Finish(ctx, s.m.Ref, r); err != nil {
		s.fault(s.m.Ref, err)
	}
}
