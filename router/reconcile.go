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
	maxLater  = 10 * time.Minute // the same, where nobody waits
	// clockSkew is by how much the vendor's clock may differ from ours.
	clockSkew = 5 * time.Minute
)

// reconcile asks a vendor that may have the message at growing intervals: until
// it lists the message (found), until its not listing it is proof (absent), or
// until there is no more time (doubtStays), which is at once if it cannot be
// asked. To a caller that tries again later it returns when to ask again.
func (d *dispatcher) reconcile(ctx context.Context, t *try) (kind eventKind, again time.Time) {
	caps := &t.upstream.caps
	if t.message.Ref == "" || !caps.Has(provider.HasFind) {
		return doubtStays, time.Time{}
	}
	if d.bounds.patient() {
		return d.reconcileLater(ctx, t)
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
			return doubtStays, time.Time{}
		}
		if kind := d.ask(ctx, t, !settles.IsZero() && !at.Before(settles)); kind != doubtStays {
			return kind, time.Time{}
		}
		asked = at
	}
}

// reconcileLater asks once about an attempt of an earlier send, and not at all about one
// that has just been made. The caller keeps no slot meanwhile, so it may go on for long.
func (d *dispatcher) reconcileLater(ctx context.Context, t *try) (kind eventKind, again time.Time) {
	began, ended := d.trail.doubt(t.upstream)
	now := time.Now()
	var settles time.Time
	if after := t.upstream.caps.FindSettles; after > 0 {
		settles = ended.Add(after)
	}
	if d.trail.tries(t.upstream.name) == 0 {
		proof := !settles.IsZero() && !now.Before(settles)
		if kind := d.askLater(ctx, t, proof); kind != doubtStays {
			return kind, time.Time{}
		}
		now = time.Now()
	}
	again = now.Add(min(max(now.Sub(began), firstLook), maxLater))
	if now.Before(settles) && again.After(settles) {
		again = settles
	}
	return doubtStays, again
}

// askLater is ask for a message that is not claimed: only its owner may say that a vendor
// does not have it.
func (d *dispatcher) askLater(ctx context.Context, t *try, proof bool) eventKind {
	if proof && d.record.unclaimed() {
		switch e := d.begin(ctx, t.upstream.name); e.kind {
		case proceed:
		case known:
			return known
		default: // another send has it
			return doubtStays
		}
	}
	return d.ask(ctx, t, proof)
}

// ask asks once. proof says that the vendor does not have a message that it does not list.
func (d *dispatcher) ask(ctx context.Context, t *try, proof bool) eventKind {
	receipt, err := d.find(ctx, t)
	switch {
	case receipt != nil:
		d.trail.settle(t.upstream.name, provider.OutcomeAccepted)
		d.trail.charge(t.upstream.name, receipt.Cost)
		d.trail.accept(t.candidate, receipt)
		return found
	case err == nil && proof:
		d.trail.settle(t.upstream.name, provider.OutcomeNotSent)
		d.trail.duplicatePossible = true // a vendor may list a message late after all
		return absent
	}
	return doubtStays
}

// find asks once, within the provider's limits. A driver that panics has not
// answered.
func (d *dispatcher) find(ctx context.Context, t *try) (r *provider.Receipt, err error) {
	u := t.upstream
	patience, busy := d.bounds.limitTime()
	if err := u.acquire(ctx, 0, d.bounds.deadline, patience, busy); err != nil {
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
