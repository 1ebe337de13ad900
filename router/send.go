package router

import (
	"context"
	"time"

	"github.com/anysms/anysms/provider"
)

// Send sends one message. The result is never nil; the error is nil if and only
// if the result's status is accepted, and else an [*Error]. m is not changed.
//
// Send returns when the message is settled, or when the context, the message's
// Deadline or its Validity ends. If a context ends while an attempt is under way,
// the outcome is what the driver can prove.
func (r *Router) Send(ctx context.Context, m *provider.Message) (*Result, error) {
	return r.through(ctx, r.middleware, m, job{})
}

// through runs the middleware that is left, then sends.
func (r *Router) through(ctx context.Context, left []Middleware, m *provider.Message, j job) (*Result, error) {
	if len(left) == 0 {
		ctx, span := r.telemetry.start(ctx)
		result, cause := r.send(ctx, m, j)
		r.telemetry.end(ctx, span, result)
		return result, result.failure(cause)
	}
	result, err := left[0](ctx, m, func(ctx context.Context, m *provider.Message) (*Result, error) {
		return r.through(ctx, left[1:], m, j)
	})
	if result == nil { // it broke the rule
		result = &Result{Status: provider.OutcomeUnknown, Code: provider.Indeterminate, Message: "a middleware returned no result"}
		err = result.failure(err)
	}
	return result, err
}

// job is what SendAll knows of a message beside the message. It travels as a
// parameter, past the middleware, which may pass on any context and any message.
type job struct {
	key      string    // in the journal; "" = there is none
	prior    *Result   // what the journal knows; nil = nothing
	batchers *batchers // of this SendAll
}

// send takes one message from its plan to its result. The error is the cause
// behind a result that is not accepted.
func (r *Router) send(ctx context.Context, m *provider.Message, j job) (*Result, error) {
	s := r.enter()
	if s == nil {
		p := plan{message: m}
		return p.refused(&provider.Error{Code: provider.Unavailable, Err: errClosed})
	}
	defer s.gate.Leave()
	l := loop{dispatcher: dispatcher{options: &s.options, observer: &s.observer, batchers: j.batchers}}

	// Plan: what could be tried.
	l.plan = makePlan(s, m, time.Now(), take)
	l.bounds = bounds{deadline: l.plan.deadline(ctx), attempts: s.options.AttemptBudget}

	// Recall: what is known of the message already.
	l.record = newRecord(s, l.plan.message, j.key)
	if result, err := recall(ctx, &l.dispatcher, j.prior); result != nil {
		return result, err
	}

	// Attempt, until the message is settled or no candidate is left.
	end := l.run(ctx)

	// Conclude, and write it down.
	result, cause := conclude(&l.plan, &l.trail, end, &s.options)
	l.record.outcome(ctx, result)
	l.record.finish(ctx, result)
	r.doubts.remember(result)
	return result, cause
}

// recall looks up what is known of the message: in the journal, which SendAll has
// read, then in the store. If it returns a result, nothing is sent. Else the message
// may be tried, and the trail has the doubt that an earlier send has left.
func recall(ctx context.Context, d *dispatcher, prior *Result) (*Result, error) {
	p, t := &d.plan, &d.trail
	if prior != nil {
		if prior.Status == provider.OutcomeAccepted {
			return p.recalled(prior), nil
		}
		t.inherit(prior, p.arrived)
	}
	switch {
	case p.refusal != nil && t.earlier > 0: // the refusal is of this send; the doubt about the earlier one stays
		return conclude(p, t, ending{}, &Options{})
	case p.refusal != nil:
		return p.refused(p.refusal)
	}
	prior, err := d.record.claim(ctx, d.bounds.deadline)
	switch {
	case err != nil:
		return p.refused(err)
	case prior != nil && prior.Status == provider.OutcomeAccepted:
		return replayed(prior), nil
	case prior != nil && t.earlier == 0: // else the journal knows of it
		t.inherit(prior, p.arrived)
	}
	if err := p.lateness(); err != nil && t.earlier == 0 {
		result, err := p.refused(err)
		d.record.finish(ctx, result)
		return result, err
	}
	return nil, nil
}
