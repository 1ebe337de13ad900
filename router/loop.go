package router

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/provider"
)

// loop tries the candidates of a plan until the message is settled or no candidate
// is left. Each round is one candidate's turn. The turn ends with an event, and the
// table of transitions says which states the candidate and the send have then; only
// apply changes these states.
type loop struct {
	dispatcher
	tries []try
	state sendState
	cause error // of stopped
}

// begin sets the first state of each candidate.
func (l *loop) begin() {
	l.tries = make([]try, len(l.plan.candidates))
	for i := range l.tries {
		c, t := &l.plan.candidates[i], &l.tries[i]
		t.candidate, t.circuit, t.state = c, circuitOf(c.upstream, &l.plan.traits), fresh
		switch {
		case c.unfit != "":
			t.state, t.reason = done, c.unfit
		case l.trail.inDoubtAt(c.upstream.name):
			t.state, t.reason = done, "an earlier attempt there has an unknown outcome"
		}
	}
}

// run makes the attempts. It always ends: each round makes an attempt, of which
// there is a budget, passes over a candidate, or waits for one for a bounded time.
func (l *loop) run(ctx context.Context) ending {
	l.begin()
	l.settleEarlier(ctx)
	for l.state == sending {
		t := l.next()
		if t == nil {
			break
		}
		e := l.turn(ctx, t)
		if e.leaves() && l.trail.inDoubtAt(t.upstream.name) {
			e = l.resolve(ctx, t, e)
		}
		l.apply(t, e)
		if e.kind == inherited {
			l.settleEarlier(ctx)
		}
	}
	return ending{state: l.state, cause: l.cause, skipped: l.skipped(), again: l.again()}
}

// turn is a candidate's turn: at most one attempt.
func (l *loop) turn(ctx context.Context, t *try) event {
	if t.out { // a new round begins
		l.bounds.attempts = l.options.AttemptBudget
	}
	if e := l.bounds.check(ctx); e.kind != proceed {
		return l.holdAfter(t, e)
	}
	if e := l.wait(ctx, t); e.kind != proceed {
		return e
	}
	if e := l.admit(t); e.kind != proceed {
		return e
	}
	rest := t.others(l.tries)
	e, joined := l.attemptInBatch(ctx, t, rest)
	if !joined {
		e = l.attempt(ctx, t, rest)
	}
	if e.kind != proceed {
		return e
	}
	return l.judge(t, rest)
}

// apply changes the states; t is nil if the event concerns the send alone.
func (l *loop) apply(t *try, e event) {
	to := transitions[e.kind]
	l.state, l.cause = to.send, e.cause
	if t == nil || to.candidate == unchanged {
		return
	}
	t.state, t.ready, t.out = to.candidate, e.ready, e.out
	if e.reason != "" {
		t.reason = e.reason
	}
}

// next returns the first candidate that is fresh or keeps its turn, else the
// waiting one that is ready first, else the last resort; nil = none is left.
func (l *loop) next() *try {
	var first *try
	for i := range l.tries {
		t := &l.tries[i]
		switch t.state {
		case fresh, retrying:
			return t
		case waiting:
			if first == nil || t.ready.Before(first.ready) {
				first = t
			}
		}
	}
	if first == nil {
		first = l.lastResort()
	}
	return first
}

// lastResort returns the provider whose breaker opened first, if the options want
// it and nothing was tried; else nil.
func (l *loop) lastResort() *try {
	if !l.options.Breaker.LastResort || len(l.trail.attempts) > 0 {
		return nil
	}
	var first *try
	var opened time.Time
	for i := range l.tries {
		t := &l.tries[i]
		if t.unfit != "" || t.lastResort || t.upstream.health.overridden() == OverrideOut {
			continue
		}
		if at := t.circuit.lastOpened(); !at.IsZero() && (first == nil || at.Before(opened)) {
			first, opened = t, at
		}
	}
	if first != nil {
		first.lastResort = true
	}
	return first
}

// holdAfter makes the message wait if its attempt budget is used up by failures that
// will pass, and if it is held.
func (l *loop) holdAfter(t *try, e event) event {
	if !errors.Is(e.cause, ErrBudget) || len(l.trail.attempts) == 0 {
		return e
	}
	last, _ := l.trail.last()
	if last.Code != provider.Unavailable && last.Code != provider.RateLimited {
		return e
	}
	if held := l.await(t, time.Now().Add(holdStep), ErrBudget.Error()); held.kind == mustWait {
		return held
	}
	return e
}

// wait lets the candidate's pause pass, if there is time for it.
func (l *loop) wait(ctx context.Context, t *try) event {
	switch {
	case t.out:
		return l.hold(ctx, t)
	case t.state == waiting && !t.ready.Before(l.bounds.patience()):
		return event{kind: passedOver, reason: t.reason + ", longer than the time that is left", ready: t.ready}
	case t.state == waiting, t.state == retrying:
		return l.bounds.rest(ctx, t.ready)
	}
	return event{}
}

// resolve settles doubt about a candidate that e would leave, as the delivery mode
// requires.
func (l *loop) resolve(ctx context.Context, t *try, e event) event {
	switch l.plan.delivery {
	case provider.AtLeastOnce: // go on, but never here again
		if e.kind == mustWait {
			e.kind = passedOver
		}
		return e
	case provider.Reconcile:
		kind, again := l.reconcile(ctx, t)
		if kind == absent && e.kind == refusedForAll {
			return e
		}
		return event{kind: kind, ready: again}
	}
	return event{kind: doubtStays}
}

// settleEarlier settles the doubt that an earlier send has left, before anything
// else is tried.
func (l *loop) settleEarlier(ctx context.Context) {
	if l.trail.earlier == 0 {
		return
	}
	for i := range l.tries {
		t := &l.tries[i]
		if l.state != sending || t.unfit != "" || !l.trail.inDoubtAt(t.upstream.name) {
			continue
		}
		e := l.bounds.check(ctx)
		if e.kind == proceed || errors.Is(e.cause, ErrBudget) { // to ask takes no attempt
			e = l.resolve(ctx, t, event{kind: passedOver})
		}
		l.apply(t, e)
	}
	if l.state == sending && l.trail.inDoubt() && l.plan.delivery != provider.AtLeastOnce {
		l.apply(nil, event{kind: doubtStays}) // about a provider that is not on the route
	}
}

// again returns when the first of the candidates that were passed over may be tried.
func (l *loop) again() (first time.Time) {
	for i := range l.tries {
		if t := &l.tries[i]; t.unfit == "" && t.state == done && l.trail.tries(t.upstream.name) == 0 {
			first = earlier(first, t.ready)
		}
	}
	return first
}

// askAgain returns when the provider that was left in doubt is to be asked again about the
// message; zero = it is not.
func (l *loop) askAgain() time.Time {
	if l.state != settled || l.plan.delivery != provider.Reconcile {
		return time.Time{}
	}
	for i := range l.tries {
		if t := &l.tries[i]; l.trail.inDoubtAt(t.upstream.name) {
			return t.ready
		}
	}
	return time.Time{}
}

// outUntil returns when the first of the candidates may be back, if all are out of use now;
// zero = one is in use.
func (l *loop) outUntil() (first time.Time) {
	for i := range l.tries {
		t := &l.tries[i]
		if t.unfit != "" {
			continue
		}
		until, _ := l.outage(t.candidate, time.Now())
		if until.IsZero() {
			return until
		}
		first = earlier(first, until)
	}
	return first
}

// skipped lists the candidates that were passed over.
func (l *loop) skipped() []Skip {
	var list []Skip
	for i := range l.tries {
		if t := &l.tries[i]; t.state != fresh && l.trail.tries(t.upstream.name) == 0 {
			list = append(list, Skip{t.upstream.name, t.reason})
		}
	}
	return list
}
