package router

import (
	"context"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/sleep"
)

const (
	firstLook = time.Second
	maxLook   = 30 * time.Second // the longest wait between two looks
	// clockSkew is by how much the vendor's clock may differ from ours.
	clockSkew = 5 * time.Minute
)

// reconcile asks a vendor that may have the message at growing intervals: until
// it lists the message (found), until its not listing it is proof (absent), or
// until there is no more time (doubtStays), which is at once if it cannot be
// asked.
func (d *dispatcher) reconcile(ctx context.Context, t *try) eventKind {
	caps := &t.upstream.caps
	if t.message.Ref == "" || !caps.Has(provider.HasFind) {
		return doubtStays
	}
	asked := time.Now()
	var settles time.Time // when "not listed" becomes proof; zero = never
	if caps.FindSettles > 0 {
		settles = asked.Add(caps.FindSettles)
	}
	until := d.bounds.deadline
	switch {
	case !until.IsZero():
	case !settles.IsZero():
		until = settles
	default:
		until = asked.Add(maxPause)
	}
	for wait := firstLook; ; wait = min(2*wait, maxLook) {
		at := time.Now().Add(wait)
		if !settles.IsZero() && at.After(settles) && asked.Before(settles) {
			at = settles
		}
		if at.After(until) || sleep.For(ctx, time.Until(at)) != nil {
			return doubtStays
		}
		receipt, err := d.find(ctx, t)
		switch {
		case receipt != nil:
			d.trail.settle(t.upstream.name, provider.OutcomeAccepted)
			d.trail.charge(t.upstream.name, receipt.Cost)
			d.trail.accept(t.candidate, receipt)
			return found
		case err == nil && !settles.IsZero() && !at.Before(settles):
			d.trail.settle(t.upstream.name, provider.OutcomeNotSent)
			d.trail.duplicatePossible = true // a vendor may list a message late after all
			return absent
		}
		asked = at
	}
}

// find asks once, within the provider's limits. A driver that panics has not
// answered.
func (d *dispatcher) find(ctx context.Context, t *try) (r *provider.Receipt, err error) {
	u := t.upstream
	if err := u.acquire(ctx, 0, d.bounds.deadline, timeUntil(d.bounds.deadline), false); err != nil {
		return nil, err
	}
	defer u.release()
	defer func() {
		if v := recover(); v != nil {
			r, err = nil, panicked(v)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, u.settings.Timeout)
	defer cancel()
	return provider.Find(ctx, u.provider, t.message.Clone(), d.trail.firstAt(u.name).Add(-clockSkew))
}
