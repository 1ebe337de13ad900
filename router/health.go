package router

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// health is what a router has learned about a provider.
type health struct {
	settings Breaker
	whole    *breaker     // of the provider
	country  sync.Map     // country → *breaker, of those where messages have failed
	local    atomic.Bool  // there are such countries
	epoch    time.Time    // parked and worked count from it, so that clock changes do no harm
	parked   atomic.Int64 // until when, in nanoseconds since epoch
	worked   atomic.Int64 // when it last accepted or refused a message; 0 = never
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

// countryBreaker returns the breaker for messages to a country; "" = not known.
func (h *health) countryBreaker(code string) *breaker {
	b, _ := h.country.LoadOrStore(code, newBreaker(h.settings))
	h.local.Store(true)
	return b.(*breaker)
}

// countries lists the breakers of countries that are not closed; nil = none.
func (h *health) countries() map[string]BreakerState {
	var states map[string]BreakerState
	h.country.Range(func(code, b any) bool {
		if s := b.(*breaker).state(); s != BreakerClosed {
			if states == nil {
				states = make(map[string]BreakerState)
			}
			states[code.(string)] = s
		}
		return true
	})
	return states
}

// noteWorked notes that the provider accepts messages, or refuses them for their own sake.
func (h *health) noteWorked() { h.worked.Store(int64(time.Since(h.epoch)) + 1) }

// workedSince reports whether it did so after a time.
func (h *health) workedSince(t time.Time) bool {
	worked := h.worked.Load()
	return worked > 0 && h.epoch.Add(time.Duration(worked)).After(t)
}

// park leaves the provider alone for a while; it never shortens a pause.
func (h *health) park(d time.Duration) {
	if d <= 0 {
		return
	}
	until := int64(min(time.Since(h.epoch), math.MaxInt64-d) + d)
	for {
		old := h.parked.Load()
		if old >= until || h.parked.CompareAndSwap(old, until) {
			return
		}
	}
}

// shorten ends a pause after at most d from now; 0 ends it now.
func (h *health) shorten(d time.Duration) {
	until := int64(time.Since(h.epoch) + d)
	for {
		old := h.parked.Load()
		if old <= until || h.parked.CompareAndSwap(old, until) {
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
	OverrideIn   Override = "in"   // it is used even if its breaker is open or it asked for a pause
	OverrideOut  Override = "out"  // it is not used
)
