package router

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// dispatcher hands one message to providers and keeps what came of it.
type dispatcher struct {
	options  *Options
	plan     plan
	trail    trail
	record   record
	bounds   bounds
	batchers *batchers // of SendAll; nil = the message goes by itself
	outages  *outages  // of SendAll; nil = the message is not held
	observer *observer

	heldSince time.Time // zero = it was not held yet

	replay    *Result       // another send's acceptance; nil = none
	stoodBack time.Duration // the last wait for another send
}

// attempt makes one attempt, or returns why it did not. Everything that can prevent
// the attempt comes before the driver is called: the provider's limits, its
// breaker, the intent in the journal.
func (d *dispatcher) attempt(ctx context.Context, t *try, rest others) event {
	u := t.upstream
	if e := d.acquire(ctx, t, rest); e.kind != proceed {
		return e
	}
	p, e := d.permit(ctx, t)
	if e.kind != proceed {
		u.giveBack(t.analysis.Segments)
		return e
	}
	defer u.release()
	u.health.busy.Add(1)
	defer u.health.busy.Add(-1)

	w := d.window(ctx, t, rest)
	defer w.cancel()
	d.announceFailover(u.name)
	traced, span := d.observer.telemetry.startAttempt(w.ctx, u.name)
	started := time.Now()
	receipt, err := call(traced, u.provider, d.messageFor(t, started))
	d.finish(ctx, t, flight{
		started: started, receipt: receipt, err: err, ended: context.Cause(w.ctx), connect: w.connect,
		permit: p, span: span,
	})
	return event{}
}

// acquire waits for the provider's limits. If it returns proceed, the slot must be
// released.
func (d *dispatcher) acquire(ctx context.Context, t *try, rest others) event {
	u := t.upstream
	overflow := u.settings.Overflow && t.state == fresh && rest.left
	patience, short := d.bounds.limitTime()
	if overflow {
		patience = 0
	}
	err := u.acquire(ctx, t.analysis.Segments, d.bounds.deadline, patience, overflow || short)
	if err == nil {
		e := d.bounds.check(ctx) // the wait may have taken all the time there was
		if e.kind != proceed {
			u.giveBack(t.analysis.Segments)
		}
		return e
	}
	if ctx.Err() != nil {
		return event{kind: mustStop, cause: context.Cause(ctx)}
	}
	if busy, ok := errors.AsType[busyError](err); ok {
		ready := time.Now().Add(time.Duration(busy))
		if short && !ready.Before(d.bounds.patience()) {
			return event{kind: passedOver, ready: ready, reason: err.Error()}
		}
		return event{kind: mustWait, ready: ready, reason: err.Error()}
	}
	if errors.Is(err, errLimiter) {
		return d.await(t, time.Now().Add(holdStep), err.Error())
	}
	return event{kind: passedOver, reason: err.Error()}
}

// admit checks what is known about the provider, without asking it.
func (d *dispatcher) admit(t *try) event {
	u := t.upstream
	t.circuit = circuitOf(u, &d.plan.traits)
	reason := t.circuit.outOfUse(t.lastResort)
	t.circuit.announce(d.observer, u.name) // asking may have changed their states
	switch {
	case reason == reasonOpen && !d.options.Breaker.LastResort && !u.health.whole.forAccount():
		return d.await(t, t.circuit.untilProbed(), reason)
	case reason != "":
		return event{kind: passedOver, reason: reason, ready: t.circuit.backAt(time.Now())}
	}
	if until := u.parkedUntil(); !until.IsZero() {
		if e := d.await(t, until, reasonPause); e.kind == mustWait {
			return e
		}
		return event{kind: mustWait, ready: until, reason: reasonPause}
	}
	if d.outages != nil && !t.lastResort && u.health.overridden() != OverrideIn && t.circuit.isProbed() {
		return d.await(t, time.Now().Add(probeStep), reasonProbed)
	}
	return event{}
}

// permit asks the breaker, then writes the intent. If it returns proceed, the
// attempt must follow and give the permit back.
func (d *dispatcher) permit(ctx context.Context, t *try) (permit, event) {
	p := permit{circuit: t.circuit}
	if e := d.admit(t); e.kind != proceed { // the wait may have changed it
		return p, e
	}
	if !t.lastResort && t.upstream.health.overridden() != OverrideIn {
		var ok bool
		p, ok = t.circuit.allow()
		t.circuit.announce(d.observer, t.upstream.name)
		if !ok {
			return p, d.await(t, time.Now().Add(probeStep), reasonProbed)
		}
	}
	e := d.begin(ctx, t.upstream.name)
	if e.kind == proceed {
		e = d.bounds.check(ctx) // waits, store and journal have taken their time
	}
	if e.kind == proceed && d.trail.inDoubtAt(t.upstream.name) && !t.recognizes(&d.trail, 0) {
		e = event{kind: passedOver, reason: "it may no longer recognize the message"}
	}
	if e.kind != proceed {
		p.giveBack(noEvidence)
	}
	return p, e
}

// begin claims the message and writes the intent.
func (d *dispatcher) begin(ctx context.Context, name string) event {
	prior, err := d.record.begin(ctx, d.bounds.deadline, name, d.trail.attempts[d.trail.earlier:])
	d.trail.duplicatePossible = d.trail.duplicatePossible || d.record.dataLost
	switch {
	case errors.Is(err, ErrInFlight):
		return d.standBack(ctx, err)
	case err != nil:
		return event{kind: mustStop, cause: err}
	case prior == nil, prior.Status == provider.OutcomeUnknown && d.trail.earlier > 0: // it is known
		return event{}
	case prior.Status == provider.OutcomeAccepted:
		d.replay = prior
		return event{kind: known}
	}
	d.trail.inherit(prior, time.Now(), d.plan.delivery)
	return event{kind: inherited}
}

// standBack waits, without any of the provider's limits, for another send of the
// message.
func (d *dispatcher) standBack(ctx context.Context, inFlight error) event {
	d.stoodBack = max(firstWait, longer(d.stoodBack))
	ready := time.Now().Add(d.stoodBack)
	if !ready.Before(d.bounds.patience()) {
		return event{kind: mustStop, cause: d.record.judge(ctx, inFlight)}
	}
	return event{kind: retryHere, ready: ready}
}

// window is the time that an attempt has.
type window struct {
	ctx     context.Context
	cancel  context.CancelFunc
	connect time.Duration // for the connection, if less than the provider's own time; else 0
}

// window limits the connection to an equal share of the time that is left. The
// response may take all of it, because waiting is better than doubt; but under
// at_least_once only the share, so that the next provider gets its own.
func (d *dispatcher) window(ctx context.Context, t *try, rest others) window {
	var w window
	settings := &t.upstream.settings
	timeout, cause := settings.Timeout, errTimeout
	connect := settings.ConnectTimeout
	if !d.bounds.deadline.IsZero() {
		remaining := time.Until(d.bounds.deadline)
		share := remaining / time.Duration(1+rest.fresh)
		if share < connect {
			connect, w.connect = share, share
		}
		own, why := remaining, context.DeadlineExceeded
		if d.plan.delivery == provider.AtLeastOnce && share < remaining {
			own, why = share, errShare
		}
		if own < timeout {
			timeout, cause = own, why
		}
	}
	if w.connect > 0 || connect < DefaultConnectTimeout { // else the driver's own is as short
		ctx = httpcall.WithConnectTimeout(ctx, connect)
	}
	w.ctx, w.cancel = context.WithTimeoutCause(ctx, timeout, cause)
	return w
}

// messageFor is the message as an attempt that begins now gives it to the driver.
func (d *dispatcher) messageFor(t *try, now time.Time) *provider.Message {
	m := t.at(now, d.plan.validFrom())
	if d.record.attempt == "" {
		return m
	}
	copied := *m
	copied.Attempt = d.record.attempt
	return &copied
}

// flight is an attempt that was made.
type flight struct {
	started time.Time
	receipt *provider.Receipt
	err     error
	ended   error         // why the attempt's context had ended; nil = it had not
	connect time.Duration // as in window

	permit permit
	span   trace.Span // nil = none
}

// finish adds an attempt to the trail and reports it to the breaker and the
// observer.
func (d *dispatcher) finish(ctx context.Context, t *try, f flight) {
	u := t.upstream
	a := Attempt{
		Provider: u.name, Outcome: provider.OutcomeOf(f.err), Code: provider.CodeOf(f.err),
		StartedAt: f.started, Duration: time.Since(f.started), ID: d.record.attempt,
	}
	d.record.attempt = ""
	if a.Outcome == provider.OutcomeAccepted || isUnknown(a) {
		a.CardPrice = t.price(d.options)
	}
	if f.err == nil {
		a.Charged = f.receipt.Cost
		d.trail.accept(t.candidate, f.receipt)
	} else {
		a.VendorCode, a.Message = describe(f.err)
		a.ReceiptID = doubtfulID(f.err)
	}
	d.bounds.attempts--
	d.trail.add(a, f.err)

	e := f.evidence(&a)
	f.permit.giveBack(e)
	if e == success || e == refusal {
		d.back(u)
	}
	t.circuit = circuitOf(u, &d.plan.traits)
	t.circuit.announce(d.observer, u.name)
	d.observer.attempt(ctx, f.span, &a, t.message.Ref)
	d.learn(t, &a, f.receipt, e)
}

// learn lets an adaptive route learn from an attempt.
func (d *dispatcher) learn(t *try, a *Attempt, receipt *provider.Receipt, e evidence) {
	r := d.plan.route
	if r.adaptive == nil {
		return
	}
	good, counts := counted(e, a.Code)
	if !counts {
		return
	}
	id := a.ID
	if receipt != nil && receipt.ID != "" {
		id = receipt.ID
	}
	d.observer.moved(r.Name, r.adaptive.attempted(t.place, d.plan.traits.countryCode(), good, a.Duration, id))
}

// evidence is what an attempt says of the provider, for its breaker. One that we
// ended ourselves, before the provider had its own time, says nothing.
func (f *flight) evidence(a *Attempt) evidence {
	if a.Outcome == provider.OutcomeAccepted {
		return success
	}
	switch ruleFor(a.Code).feed {
	case count:
		if f.endedByUs(a) {
			return noEvidence
		}
		if hasAnswered(f.err) {
			return localFailure
		}
		return failure
	case trip:
		return accountFailure
	case park:
		return noEvidence
	}
	return refusal
}

// hasAnswered reports whether an error has a vendor's words in it, so that there was a
// response that could be read.
func hasAnswered(err error) bool {
	e, ok := errors.AsType[*provider.Error](err)
	return ok && (e.VendorCode != "" || e.VendorMessage != "")
}

// endedByUs: by the caller's cancel, by a deadline shorter than the provider's
// timeout, or by too short a time to connect in.
func (f *flight) endedByUs(a *Attempt) bool {
	if f.ended != nil {
		return !errors.Is(f.ended, errTimeout)
	}
	return a.Code == provider.Unavailable && f.connect > 0 && a.Duration >= f.connect
}

// announceFailover announces that another provider takes over.
func (d *dispatcher) announceFailover(next string) {
	if len(d.trail.attempts) == 0 {
		return
	}
	if last, _ := d.trail.last(); last.Provider != next {
		d.observer.failover(*last, next, d.plan.message.Ref)
	}
}
