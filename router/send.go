package router

import (
	"cmp"
	"context"
	"errors"
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

// TryOptions are what a caller of [Router.Try] says.
type TryOptions struct {
	// Patience is how long limits, pauses and another send of the message are waited for.
	Patience time.Duration
	// Spent is how many attempts earlier tries have taken from Options.AttemptBudget.
	Spent int
}

// Try is Send for a caller that tries again later, such as a queue. If no provider can
// take the message within o.Patience, but one may later, the result is not_sent and
// Result.Deferred says when it may be worth trying again. Result.Attempts is then empty, or
// lists the attempts that found the providers out: these should not be counted as spent.
//
// Under [provider.Reconcile], Try does not wait until a vendor in doubt has been asked often
// enough: the result is unknown, and Result.Deferred says when Try is to be called again to
// ask once more. That ends when the vendor lists the message, or when its not listing it is
// proof, and the message is tried again.
//
// If the message is not sent, is not deferred, and has no attempt left, errors.Is finds
// [ErrBudget] in the error.
func (r *Router) Try(ctx context.Context, m *provider.Message, o TryOptions) (*Result, error) {
	return r.through(ctx, r.middleware, m, job{patient: true, patience: max(0, o.Patience), spent: max(0, o.Spent)})
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
	content  string    // the fingerprint that goes with the key; "" = the key is one
	prior    *Result   // what the journal knows, or this SendAll; nil = nothing
	err      error     // why the message must not be sent; nil = it may
	batchers *batchers // of this SendAll
	outages  *outages
	// lookFirst: the store is asked even if the message is refused now, because it
	// may have been accepted before and the journal was not asked.
	lookFirst bool
	// patient: the caller tries again later, and waits for limits and pauses no longer
	// than patience.
	patient  bool
	patience time.Duration
	spent    int // of the attempt budget, by earlier sends
}

// send takes one message from its plan to its result. The error is the cause
// behind a result that is not accepted.
func (r *Router) send(ctx context.Context, m *provider.Message, j job) (result *Result, cause error) {
	var l loop
	s := r.enter()
	if s == nil {
		p := plan{message: m}
		return p.refused(&provider.Error{Code: provider.Unavailable, Err: errClosed})
	}
	defer s.gate.Leave()
	defer func() { result.Key = cmp.Or(l.record.key, result.Ref) }()
	l = loop{dispatcher: dispatcher{options: &s.options, observer: &s.observer, batchers: j.batchers, outages: j.outages}}

	// Plan: what could be tried.
	l.plan = makePlan(s, m, time.Now(), take)
	l.bounds = bounds{deadline: l.plan.deadline(ctx), attempts: s.options.AttemptBudget - j.spent}
	if j.patient {
		l.bounds.wait = time.Now().Add(j.patience)
	}

	if j.patient && l.plan.refusal == nil {
		if result, cause = l.tooEarly(j.patience); result != nil {
			return result, cause
		}
	}

	// Recall: what is known of the message already.
	l.record = newRecord(r, s, m, j)
	if l.plan.asked != nil {
		l.record.asked = l.plan.asked
	}
	l.record.wait = l.bounds.wait
	result, cause = recall(ctx, &l.dispatcher, j)
	if result != nil {
		l.record.close(ctx, l.bounds.deadline, result)
		return result, cause
	}

	// Ask the guard whether it may be sent at all.
	admission, err := l.askGuard(ctx, &j)
	if err != nil {
		result, cause = doubtOr(&l.plan, &l.trail, err)
		l.record.close(ctx, l.bounds.deadline, result)
		return result, cause
	}
	defer func() { l.settle(ctx, admission, result) }()

	return r.tryCandidates(ctx, &l, j)
}

// tryCandidates tries one candidate after the other until the message is settled or none is
// left, and concludes.
func (r *Router) tryCandidates(ctx context.Context, l *loop, j job) (result *Result, cause error) {
	end := l.run(ctx)
	if l.replay != nil { // another send had it accepted meanwhile
		result = replayed(l.replay)
		l.record.replay(ctx, result)
		return result, nil
	}

	end.mayWait = j.patient
	if j.patient && l.trail.acceptedBy == nil {
		end.outUntil, end.askAgain = l.outUntil(), l.askAgain()
	}
	result, cause = conclude(&l.plan, &l.trail, end)
	if j.patient && l.bounds.attempts < 1 && result.Status == provider.OutcomeNotSent && result.Deferred == nil {
		cause = errors.Join(cause, ErrBudget)
	}
	if l.record.unclaimed() && !perhapsSent(result) {
		if other, err := overtaken(ctx, &l.dispatcher); other != nil {
			result, cause = other, err
		}
	}
	l.record.close(ctx, l.bounds.deadline, result)
	r.doubts.remember(result)
	return result, cause
}

// recall looks up what is known of the message: in the journal or by this SendAll,
// then in the store. If it returns a result, nothing is sent. Else the message may be
// tried, and the trail has the doubt that an earlier send has left.
func recall(ctx context.Context, d *dispatcher, j job) (*Result, error) {
	p, t, rec := &d.plan, &d.trail, &d.record
	if prior := j.prior; prior != nil {
		if prior.Status == provider.OutcomeAccepted {
			result := p.recalled(prior)
			rec.tell(ctx, d.bounds.deadline, result)
			return result, nil
		}
		t.inherit(prior, p.arrived, p.delivery)
		rec.doubtful = true
	}
	refusal := firstOf(j.err, p.refusal)
	if refusal != nil && !j.lookFirst {
		return doubtOr(p, t, refusal)
	}
	late := p.lateness()
	perhapsInDoubt := j.spent > 0 && p.delivery == provider.Reconcile // to ask takes no claim
	if refusal == nil && late == nil && !perhapsInDoubt && d.claimsAtOnce() {
		rec.own()
		return nil, nil
	}
	prior, err := rec.look(ctx, d.bounds.deadline)
	switch {
	case err != nil:
		return doubtOr(p, t, err)
	case prior != nil && prior.Status == provider.OutcomeAccepted:
		result := replayed(prior)
		rec.replay(ctx, result)
		return result, nil
	case prior != nil && t.earlier == 0: // else the journal knows of it
		t.inherit(prior, p.arrived, p.delivery)
	}
	if refusal != nil {
		return doubtOr(p, t, refusal)
	}
	if late != nil && t.earlier == 0 {
		return p.refused(late)
	}
	return nil, nil
}

// claimsAtOnce reports whether nothing stands between the message and its claim, which says
// what the store knows: so it need not be asked before. A guard that counts messages and
// whatever may let them wait come after the question.
func (d *dispatcher) claimsAtOnce() bool {
	if d.options.Guard != nil || len(d.plan.candidates) == 0 {
		return false
	}
	c := &d.plan.candidates[0]
	return c.unfit == "" && !c.upstream.limited() && c.upstream.parkedUntil().IsZero() &&
		circuitOf(c.upstream, &d.plan.traits).state() == BreakerClosed
}

// overtaken returns what another send of the message has come to, or is about to, since
// this one looked: only a claim keeps others out. nil = there is none.
func overtaken(ctx context.Context, d *dispatcher) (*Result, error) {
	prior, err := d.record.look(ctx, d.bounds.deadline)
	switch {
	case provider.CodeOf(err) == provider.Indeterminate:
		return d.plan.refused(err)
	case err != nil || prior == nil:
		return nil, nil
	case prior.Status == provider.OutcomeAccepted:
		result := replayed(prior)
		d.record.replay(ctx, result)
		return result, nil
	}
	d.trail.inherit(prior, d.plan.arrived, d.plan.delivery)
	return conclude(&d.plan, &d.trail, ending{})
}

// doubtOr returns the doubt that an earlier send has left, else the refusal of this
// one.
func doubtOr(p *plan, t *trail, err error) (*Result, error) {
	if t.earlier > 0 {
		return conclude(p, t, ending{})
	}
	return p.refused(err)
}
