package router

import "time"

// tooEarly returns the result of a message that no provider can take within the patience
// of the caller; nil = one may. It asks neither store nor vendor, so that it may be called
// often.
func (d *dispatcher) tooEarly(patience time.Duration) (*Result, error) {
	var first time.Time
	var skipped []Skip
	now := time.Now()
	for i := range d.plan.candidates {
		c := &d.plan.candidates[i]
		if c.unfit != "" {
			skipped = append(skipped, Skip{c.upstream.name, c.unfit})
			continue
		}
		ready, reason := d.readyAt(c, now)
		if !ready.After(now.Add(patience)) {
			return nil, nil
		}
		first = earlier(first, ready)
		skipped = append(skipped, Skip{c.upstream.name, reason})
	}
	if first.IsZero() {
		return nil, nil
	}
	result, err := d.plan.refused(errLater(first))
	result.Skipped = skipped
	return result, err
}

// readyAt is when a provider can take the message, as far as that is known, and why not
// before.
func (d *dispatcher) readyAt(c *candidate, now time.Time) (time.Time, string) {
	if until, reason := d.outage(c, now); reason != "" {
		return until, reason
	}
	u := c.upstream
	wait := max(u.limits.slots.peek(), u.limits.segments.peek(c.analysis.Segments))
	if u.settings.Limiter == nil {
		wait = max(wait, u.limits.calls.peek(1))
	} else {
		wait = max(wait, u.limits.sharedFull.left())
	}
	return now.Add(wait), busyError(wait).Error()
}

// outage is when a provider that is out of use, or was asked for a pause, may be back, and
// why it is out; zero = it is not.
func (d *dispatcher) outage(c *candidate, now time.Time) (time.Time, string) {
	at := circuitOf(c.upstream, &d.plan.traits)
	if reason := at.outOfUse(d.options.Breaker.LastResort); reason != "" {
		return at.backAt(now), reason
	}
	if until := c.upstream.parkedUntil(); !until.IsZero() {
		return until, reasonPause
	}
	return time.Time{}, ""
}
