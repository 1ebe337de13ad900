package router

import "time"

// circuit decides whether a message may go to a provider: it is the provider's
// breaker and, if messages to the recipient's country have failed there, that of the
// country. The message needs both.
type circuit struct {
	health  *health
	country *breaker // nil = the provider's breaker alone
	traits  *traits  // tell the country
}

// circuitOf returns the breakers for a message.
func circuitOf(u *upstream, t *traits) circuit {
	c := circuit{health: u.health, traits: t}
	if u.health.local.Load() {
		if b, ok := u.health.country.Load(t.countryCode()); ok {
			c.country = b.(*breaker)
		}
	}
	return c
}

// announce announces the state changes since the last call.
func (c circuit) announce(o *observer, name string) {
	o.changes(name, "", c.health.whole.takeChanges())
	if c.country != nil {
		o.changes(name, c.traits.countryCode(), c.country.takeChanges())
	}
}

// outOfUse says why the provider must not be called now; "" = it may be. As a
// last resort an open breaker does not count.
func (c circuit) outOfUse(lastResort bool) string {
	override := c.health.overridden()
	switch {
	case override == OverrideOut:
		return "an override takes it out of use"
	case override != OverrideIn && !lastResort && c.isOpen():
		return reasonOpen
	}
	return ""
}

// Why a provider is out for the time being.
const (
	reasonPause  = "the vendor asked for a pause"
	reasonOpen   = "its circuit breaker is open"
	reasonProbed = "its circuit breaker is being probed"
)

// breakers are those that the message needs.
func (c circuit) breakers() []*breaker {
	if c.country == nil {
		return []*breaker{c.health.whole}
	}
	return []*breaker{c.health.whole, c.country}
}

// state is the state of the breaker that lets less through.
func (c circuit) state() BreakerState {
	worst := c.health.whole.state()
	if c.country == nil || worst == BreakerOpen {
		return worst
	}
	if s := c.country.state(); s != BreakerClosed {
		return s
	}
	return worst
}

func (c circuit) isOpen() bool { return c.state() == BreakerOpen }

// lastOpened is when the breaker opened that is open; zero = none ever did.
func (c circuit) lastOpened() time.Time {
	if c.country != nil && c.health.whole.state() != BreakerOpen {
		return c.country.lastOpened()
	}
	return c.health.whole.lastOpened()
}

// untilProbed returns when a message may be let through, if the circuit is open.
func (c circuit) untilProbed() time.Time {
	var at time.Time
	for _, b := range c.breakers() {
		if t := b.untilProbed(); b.state() == BreakerOpen && t.After(at) {
			at = t
		}
	}
	return at
}

// backAt returns when a circuit that is out of use may be looked at again.
func (c circuit) backAt(now time.Time) time.Time {
	if at := c.untilProbed(); at.After(now) && c.health.overridden() != OverrideOut {
		return at
	}
	return now.Add(outStep)
}

func (c circuit) isProbed() bool {
	return c.health.whole.isProbed() || c.country != nil && c.country.isProbed()
}

// permit is the right to make one call. It must be given back.
type permit struct {
	circuit circuit
	whole   func(error) // of the provider's breaker; nil = it was not asked
	country func(error) // of the country's; nil = it has none, or was not asked
}

// allow asks for one call.
func (c circuit) allow() (p permit, ok bool) {
	p.circuit = c
	if p.whole, ok = c.health.whole.allow(); !ok || c.country == nil {
		return p, ok
	}
	if p.country, ok = c.country.allow(); !ok {
		p.whole(noEvidence)
	}
	return p, ok
}

// giveBack reports what the call showed.
func (p permit) giveBack(e evidence) {
	if p.whole == nil {
		return
	}
	switch e {
	case localFailure: // the provider works
		p.whole(refusal)
		p.fail()
	case failure, accountFailure: // says nothing about the country
		p.whole(e)
		p.ofCountry(noEvidence)
	default:
		p.whole(e.err())
		p.ofCountry(e)
	}
}

func (p permit) ofCountry(e evidence) {
	if p.country != nil {
		p.country(e.err())
	}
}

// fail reports a failure to the country's breaker, which begins with the first one.
func (p permit) fail() {
	if p.country != nil {
		p.country(failure)
		return
	}
	if done, ok := p.circuit.health.countryBreaker(p.circuit.traits.countryCode()).allow(); ok {
		done(failure)
	}
}
