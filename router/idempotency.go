package router

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
)

// once sends a message whose Ref is remembered: what is known of it stands in
// for another send.
func (s *send) once(ctx context.Context) error {
	prior, err := s.claim(ctx)
	switch {
	case errors.Is(err, ErrRefReused):
		refused := provider.NewError(provider.InvalidMessage, ErrRefReused.Error())
		s.refuse(refused)
		return refused
	case errors.Is(err, ErrInFlight): // and nobody waits for it any longer
		doubt := &provider.Error{Code: provider.Indeterminate, Err: err}
		if ctx.Err() != nil {
			doubt.Err = fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
		s.refuse(doubt)
		return doubt
	case err != nil && ctx.Err() != nil, err != nil && s.StoreOptions.OnError == FailClosed:
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
	case s.inherited == 0: // else the journal knows of it
		s.inherit(prior)
	}
	cause := s.process(ctx)
	s.finish(ctx, s.result)
	return cause
}

// claim takes the Ref. While another send has it, claim waits.
func (s *send) claim(ctx context.Context) (*Result, error) {
	print := fingerprint(s.m)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		prior, err := s.Store.Begin(ctx, s.m.Ref, print, s.StoreOptions.Keep)
		if !errors.Is(err, ErrInFlight) {
			return prior, err
		}
		if s.expired() || sleep(ctx, min(wait, patienceUntil(s.deadline))) != nil {
			return nil, err
		}
	}
}

// replay answers with an earlier result.
func (s *send) replay(prior *Result) {
	line, index := s.result.Line, s.result.Index
	*s.result = *prior
	s.result.Line, s.result.Index, s.result.Replayed = line, index, true
}

// inherit takes over the trail of an earlier send whose outcome is unknown. What
// the delivery mode says of doubt then holds for it too: the providers that may
// have the message are not given it again.
func (s *send) inherit(prior *Result) {
	s.doubt = true
	s.result.DuplicatePossible = prior.DuplicatePossible
	s.result.Attempts = append(s.result.Attempts, prior.Attempts...)
	if !slices.ContainsFunc(prior.Attempts, func(a Attempt) bool { return a.Outcome == provider.OutcomeUnknown }) {
		s.result.Attempts = append(s.result.Attempts, Attempt{
			Provider: prior.Provider, Outcome: provider.OutcomeUnknown, Code: provider.Indeterminate,
			Message: "an earlier send ended without a result", StartedAt: s.started,
		})
	}
	for i := range s.result.Attempts {
		s.result.Attempts[i].Earlier = true
	}
	s.inherited = len(s.result.Attempts)
	s.errs = make([]error, s.inherited)
	for i := range s.candidates {
		c := &s.candidates[i]
		for _, a := range s.result.Attempts {
			if a.Provider != c.line.Name || a.Outcome != provider.OutcomeUnknown {
				continue
			}
			if !c.doubt {
				c.first = a.StartedAt
			}
			c.doubt = true
			c.giveUp("an earlier attempt there has an unknown outcome")
		}
	}
}

// settleInherited does with inherited doubt what resolve does with new one.
func (s *send) settleInherited(ctx context.Context) {
	for i := range s.candidates {
		if c := &s.candidates[i]; c.doubt && c.unfit == "" && s.mayGoOn(ctx) {
			s.resolve(ctx, c)
		}
	}
	if s.closed == nil && s.doubt && s.mode != provider.AtLeastOnce {
		s.closed = errSettled // in doubt about a provider that is not on the route
	}
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
