package router

import (
	"sync"
	"sync/atomic"
	"time"
)

// health is what a router has learned about a provider.
type health struct {
	settings Breaker
	whole    *breaker     // of the provider
	country  sync.Map     // country → *breaker, if breakers are per country
	epoch    time.Time    // parked counts from it, so that clock changes do no harm
	parked   atomic.Int64 // until when, in nanoseconds since epoch
	override atomic.Value // Override
	busy     atomic.Int64 // calls under way
}

func newHealth(settings Breaker) *health {
	h := &health{settings: settings, whole: newBreaker(settings), epoch: time.Now()}
	h.override.Store(OverrideAuto)
	return h
}

// healthFor keeps what was learned before a reload. If the breakers' settings
// changed, the breakers start again.
func healthFor(old *health, settings Breaker) *health {
	if old != nil && old.settings == settings {
		return old
	}
	h := newHealth(settings)
	if old != nil {
		h.override.Store(old.overridden())
		h.park(time.Until(old.parkedUntil()))
	}
	return h
}

// circuit returns the breakers for messages to a country; "" = not known.
func (h *health) circuit(country string) circuit {
	if !h.settings.PerCountry || country == "" {
		return circuit{whole: h.whole}
	}
	if b, ok := h.country.Load(country); ok {
		return circuit{h.whole, b.(*breaker), country}
	}
	b, _ := h.country.LoadOrStore(country, newBreaker(h.settings))
	return circuit{h.whole, b.(*breaker), country}
}

// park leaves the provider alone for a while; it never shortens a pause.
func (h *health) park(d time.Duration) {
	until := int64(time.Since(h.epoch) + d)
	for {
		old := h.parked.Load()
		if old >= until || h.parked.CompareAndSwap(old, until) {
			return
		}
	}
}

// parkedUntil is zero if the provider is not parked.
func (h *health) parkedUntil() time.Time {
	parked := time.Duration(h.parked.Load())
	if parked == 0 || time.Since(h.epoch) >= parked {
		return time.Time{}
	}
	return h.epoch.Add(parked)
}

func (h *health) overridden() Override { return h.override.Load().(Override) }

// Override is an operator's decision about a provider.
type Override string

// The overrides.
const (
	OverrideAuto Override = "auto" // the breaker decides
	OverrideIn   Override = "in"   // it is used even if its breaker is open
	OverrideOut  Override = "out"  // it is not used
)
