package router

import (
	"errors"
	"time"

	"github.com/anysms/anysms/provider"
)

// judge says what follows from the attempt that was just made. Doubt about it is
// dealt with afterwards.
func (d *dispatcher) judge(t *try, rest others) event {
	a, err := d.trail.last()
	if err == nil {
		return event{kind: accepted}
	}
	rule := ruleFor(a.Code)
	pause := d.pause(t, rule, err)
	if e := d.again(t, rest, rule, pause); e.kind != proceed {
		return e
	}
	failoverOn := d.options.FailoverOn
	if d.plan.route.FailoverOn != nil {
		failoverOn = d.plan.route.FailoverOn
	}
	if !rule.movesOn(a.Code, failoverOn) {
		return event{kind: refusedForAll}
	}
	return event{kind: tryNext}
}

// defaultPark is how long a provider is left alone that asked for it and did not
// say how long.
const defaultPark = time.Second

// pause is how long the provider is to be left alone. A vendor that asked for a
// pause is parked for every message.
func (d *dispatcher) pause(t *try, rule rule, err error) time.Duration {
	if rule.again == notAgain {
		return 0
	}
	pause := t.pauses.next(d.options.Retry)
	e, ok := errors.AsType[*provider.Error](err)
	asked := ok && e.RetryAfter > 0
	if asked {
		pause = max(pause, e.RetryAfter)
	}
	pause = min(pause, d.options.Retry.MaxPark)
	if rule.feed == park {
		if !asked {
			pause = max(pause, defaultPark)
		}
		t.upstream.health.park(pause)
		d.observer.parked(t.upstream.name, t.message.Ref, pause)
	}
	return pause
}

// again says whether and when the same provider is tried again; proceed = it is
// not.
func (d *dispatcher) again(t *try, rest others, rule rule, pause time.Duration) event {
	retry := &d.options.Retry
	ready := time.Now().Add(pause)
	inTime := ready.Before(d.bounds.patience())
	tired := d.trail.tries(t.upstream.name) >= retry.MaxAttempts
	doubt := d.trail.inDoubtAt(t.upstream.name)
	switch {
	case rule.again == notAgain, doubt && (tired || !inTime || !t.recognizes(&d.trail, pause)), !doubt && rule.again == withKey:
		return event{}
	case !doubt && (tired || !inTime || rule.again == whenAlone):
		if e := d.holdFor(t, rule, ready); e.kind != proceed || tired || rule.again != whenAlone {
			return e
		}
		return event{kind: retryLater, ready: ready, reason: reasonPause}
	}
	alone := !rest.left || doubt && d.plan.delivery != provider.AtLeastOnce
	switch {
	case pause <= retry.Max || alone:
		return event{kind: retryHere, ready: ready}
	case !doubt:
		return event{kind: retryLater, ready: ready, reason: reasonPause}
	}
	return event{}
}

// holdFor holds the message for a provider that has just failed to take it; proceed = it
// is not held.
func (d *dispatcher) holdFor(t *try, rule rule, ready time.Time) event {
	if rule.feed == count && d.inVain(t) {
		return event{}
	}
	a, _ := d.trail.last()
	reason := string(a.Code)
	if a.Message != "" {
		reason += ": " + a.Message
	}
	if !ready.Before(d.holdUntil(t)) {
		return event{}
	}
	return event{kind: retryLater, ready: ready, reason: reason, out: true}
}
