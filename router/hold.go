package router

import (
	"context"
	"sync"
	"time"

	"github.com/anysms/anysms/provider/sleep"
)

// outages are the times during which one SendAll holds its messages. A provider is out
// from the first message that has to wait for it until it takes one again.
type outages struct {
	limit time.Duration
	stop  <-chan struct{} // closed when the caller wants no more results

	mu   sync.Mutex
	outs map[*health]*hold
}

type hold struct {
	since     time.Time
	announced time.Time // zero = not yet
}

// The steps of a hold.
const (
	holdStep  = time.Second            // how often it is looked whether a provider is back
	shortStep = 10 * time.Millisecond  // the shortest wait
	outStep   = 5 * time.Second        // the same, by whoever tries again later, while an override has it out
	probeStep = 250 * time.Millisecond // the same, while another message is its probe
	quiet     = time.Second            // shorter outages are not announced
	sayAgain  = 30 * time.Second       // how often an outage is announced
)

// until returns when the outage of a provider has lasted long enough; it begins now if
// it has not begun.
func (h *outages) until(u *upstream) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.outs[u.health]
	if out == nil || u.health.workedSince(out.since) {
		out = &hold{since: time.Now()}
		if h.outs == nil {
			h.outs = make(map[*health]*hold)
		}
		h.outs[u.health] = out
	}
	return out.since.Add(h.limit)
}

// due reports whether an outage is to be announced now.
func (h *outages) due(u *upstream) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	out, now := h.outs[u.health], time.Now()
	if out == nil || now.Sub(out.since) < quiet || !out.announced.IsZero() && now.Sub(out.announced) < sayAgain {
		return false
	}
	out.announced = now
	return true
}

// over forgets an outage that has ended, and reports how long it was, if it was
// announced.
func (h *outages) over(u *upstream) (time.Duration, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.outs[u.health]
	if out == nil {
		return 0, false
	}
	delete(h.outs, u.health)
	return time.Since(out.since), !out.announced.IsZero()
}

func (h *outages) stopped() bool {
	select {
	case <-h.stop:
		return true
	default:
		return false
	}
}

// holdUntil returns until when the message may wait for a provider that is out for the
// time being; zero = it is not held.
func (d *dispatcher) holdUntil(t *try) time.Time {
	h := d.outages
	if h == nil || h.stopped() || d.trail.inDoubt() {
		return time.Time{}
	}
	end := earlier(h.until(t.upstream), d.bounds.deadline)
	if !d.heldSince.IsZero() {
		end = earlier(end, d.heldSince.Add(h.limit))
	}
	return end
}

// await makes the candidate wait for its provider until ready, if the message is held
// so long; else it is passed over.
func (d *dispatcher) await(t *try, ready time.Time, reason string) event {
	if soon := time.Now().Add(shortStep); ready.Before(soon) {
		ready = soon
	}
	if ready.Before(d.holdUntil(t)) {
		return event{kind: mustWait, ready: ready, reason: reason, out: true}
	}
	return event{kind: passedOver, reason: reason, ready: ready}
}

// hold lets time pass while the message waits for a provider that is out. What was
// claimed and intended is closed before: if the process ends meanwhile, the message is
// known as not sent.
func (d *dispatcher) hold(ctx context.Context, t *try) event {
	if d.heldSince.IsZero() {
		d.heldSince = time.Now()
	}
	if !d.trail.inDoubt() {
		result, _ := conclude(&d.plan, &d.trail, ending{})
		d.record.suspend(ctx, d.bounds.deadline, result)
	}
	for time.Now().Before(t.ready) {
		end := d.holdUntil(t)
		if !time.Now().Before(end) {
			return event{kind: passedOver, reason: t.reason + "; messages are held no longer"}
		}
		if d.outages.due(t.upstream) {
			d.observer.held(t.upstream.name, t.reason, time.Until(end))
		}
		if err := sleep.For(ctx, min(holdStep, time.Until(t.ready))); err != nil {
			return event{kind: mustStop, cause: err}
		}
		if t.upstream.health.overridden() != OverrideAuto { // it may be lifted
			break
		}
	}
	return d.bounds.check(ctx)
}

// inVain reports whether the provider, which has failed to take the message once more,
// works for other messages, so that waiting does not help this one.
func (d *dispatcher) inVain(t *try) bool {
	if !t.failedAt.IsZero() && t.upstream.health.workedSince(t.failedAt) {
		t.vain++
	}
	t.failedAt = time.Now()
	return t.vain >= d.options.Retry.MaxAttempts
}

// back announces that a provider takes messages again.
func (d *dispatcher) back(u *upstream) {
	u.health.noteWorked()
	if d.outages == nil {
		return
	}
	if lasted, announced := d.outages.over(u); announced {
		d.observer.resumed(u.name, lasted)
	}
}
