package router

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

func TestHealthWorked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(Breaker{}.withDefaults())
		before := time.Now().Add(-time.Hour)
		assert.False(t, h.workedSince(before), "it never did")
		h.noteWorked()
		assert.True(t, h.workedSince(before))
		time.Sleep(time.Minute)
		assert.False(t, h.workedSince(time.Now()))
		h.noteWorked()
		assert.True(t, h.workedSince(time.Now()))
	})
}

// A pause is never shortened by another one, but by whoever knows better.
func TestHealthPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(Breaker{}.withDefaults())
		left := func() time.Duration {
			until := h.parkedUntil()
			if until.IsZero() {
				return 0
			}
			return time.Until(until)
		}
		for _, none := range []time.Duration{-time.Hour, 0} {
			h.park(none)
			assert.Zero(t, left())
		}
		h.park(time.Minute)
		h.park(time.Second)
		h.park(-time.Hour)
		assert.Equal(t, time.Minute, left())
		h.park(time.Hour)
		assert.Equal(t, time.Hour, left())
		time.Sleep(time.Minute)
		assert.Equal(t, 59*time.Minute, left())
		h.shorten(time.Hour)
		assert.Equal(t, 59*time.Minute, left())
		h.shorten(time.Second)
		assert.Equal(t, time.Second, left())
		time.Sleep(time.Second)
		assert.Zero(t, left())
		h.park(Forever)
		assert.Greater(t, left(), 24*365*time.Hour)
	})
}

// A reload keeps what was learned, but for breakers with other settings; an operator's
// decision and a pause stay in any case.
func TestHealthAfterAReload(t *testing.T) {
	settings := Breaker{}.withDefaults()
	other := settings
	other.Failures++
	old := newHealth(settings)
	assert.Same(t, old, healthFor(old, settings))
	assert.Equal(t, settings, healthFor(nil, settings).settings)
	old.override.Store(OverrideOut)
	old.park(time.Hour)
	fresh := healthFor(old, other)
	assert.Equal(t, other, fresh.settings)
	assert.Equal(t, OverrideOut, fresh.overridden())
	assert.False(t, fresh.parkedUntil().IsZero())
}

// crossing is a provider's breaker and that of a country, each open or not.
func crossing(whole, country bool) circuit {
	settings := Breaker{Jitter: -1}.withDefaults()
	m := &provider.Message{To: e164.MustParse("+306941234567")}
	c := circuit{health: newHealth(settings), traits: &traits{message: m}}
	c.country = c.health.countryBreaker("GR")
	if whole {
		c.health.whole.open()
	}
	if country {
		c.country.open()
	}
	return c
}

// A message needs both breakers: that of the provider and that of its country.
func TestCircuitNeedsBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c := crossing(false, true)
		assert.Equal(t, BreakerOpen, c.state())
		assert.Equal(t, began, c.lastOpened())
		assert.Equal(t, began.Add(30*time.Second), c.untilProbed())
		assert.Equal(t, began.Add(30*time.Second), c.backAt(began))
		c.health.override.Store(OverrideOut)
		assert.Equal(t, began.Add(outStep), c.backAt(began), "an operator may change it at any time")
		c.health.override.Store(OverrideAuto)

		time.Sleep(10 * time.Second)
		c.health.whole.open()
		assert.Equal(t, began.Add(10*time.Second), c.lastOpened(), "the provider's hides the country's")
		assert.Equal(t, began.Add(40*time.Second), c.untilProbed(), "the later one")

		time.Sleep(20*time.Second + 1)
		assert.Equal(t, BreakerHalfOpen, c.country.state())
		assert.Equal(t, began.Add(40*time.Second), c.untilProbed())
		time.Sleep(10 * time.Second)
		assert.Equal(t, BreakerHalfOpen, c.state())
		assert.True(t, c.untilProbed().IsZero(), "both may be probed now")
		assert.False(t, c.isProbed())
		first, ok := c.allow()
		assert.True(t, ok)
		assert.True(t, c.isProbed())
		_, ok = c.allow()
		assert.False(t, ok)
		first.giveBack(success)
		assert.Equal(t, BreakerClosed, c.state())
		assert.False(t, c.isProbed())
	})
}

// A probe that showed nothing, such as one whose caller gave up, leaves its place to the
// next message.
func TestProbeWithoutEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(Breaker{Jitter: -1, HalfOpen: 2}.withDefaults())
		b.open()
		time.Sleep(30*time.Second + 1)
		first, ok := b.allow()
		assert.True(t, ok)
		assert.False(t, b.isProbed(), "two are allowed")
		second, ok := b.allow()
		assert.True(t, ok)
		assert.True(t, b.isProbed())
		first(noEvidence)
		assert.False(t, b.isProbed())
		third, ok := b.allow()
		assert.True(t, ok)
		assert.True(t, b.isProbed())
		second(nil)
		third(nil)
		assert.Equal(t, BreakerClosed, b.state())
		assert.False(t, b.isProbed())
	})
}

// A probe of one breaker alone keeps others out, and one that the country's breaker
// refuses leaves the provider's free.
func TestCircuitIsProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []circuit{crossing(true, false), crossing(false, true), crossing(true, true)} {
			time.Sleep(30*time.Second + 1)
			assert.False(t, c.isProbed())
			p, ok := c.allow()
			assert.True(t, ok)
			assert.True(t, c.isProbed())
			p.giveBack(success)
			assert.False(t, c.isProbed())
		}
		c := crossing(false, true)
		for range 100 {
			_, ok := c.allow()
			assert.False(t, ok)
		}
		time.Sleep(30*time.Second + 1)
		c.health.whole.open()
		time.Sleep(30*time.Second + 1)
		c.country.open() // half open until now
		_, ok := c.allow()
		assert.False(t, ok)
		assert.False(t, c.health.whole.isProbed(), "its permit was given back")
	})
}
