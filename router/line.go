package router

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/provider"
)

// line is a provider with its limits. Its health outlives a reload.
type line struct {
	Upstream
	caps     provider.Capabilities
	calls    Limiter       // nil = no limit
	segments Limiter       // nil = no limit
	slots    chan struct{} // nil = no limit
	health   *health
}

func newLine(p Upstream, maxSegments int, h *health) *line {
	l := &line{Upstream: p, caps: p.Capabilities(), calls: p.Limiter, health: h}
	if l.calls == nil && p.RateLimit > 0 {
		l.calls = newBucket(p.RateLimit, 1)
	}
	if p.SegmentRate > 0 {
		l.segments = newBucket(p.SegmentRate, maxSegments)
	}
	if p.MaxInFlight > 0 {
		l.slots = make(chan struct{}, p.MaxInFlight)
	}
	return l
}

// health is what a router has learned of a provider.
type health struct {
	settings Breaker
	whole    *breaker
	country  sync.Map     // country → *breaker, if breakers are per country
	epoch    time.Time    // times below are nanoseconds since it, safe from clock changes
	parked   atomic.Int64 // until when
	override atomic.Value // Override
	busy     atomic.Int64 // calls under way
}

func newHealth(settings Breaker) *health {
	h := &health{settings: settings, whole: newBreaker(settings), epoch: time.Now()}
	h.override.Store(OverrideAuto)
	return h
}

// breaker is the one that stands for messages to a country.
func (h *health) breaker(country string) *breaker {
	if !h.settings.PerCountry || country == "" {
		return h.whole
	}
	if b, ok := h.country.Load(country); ok {
		return b.(*breaker)
	}
	b, _ := h.country.LoadOrStore(country, newBreaker(h.settings))
	return b.(*breaker)
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
func (h *health) parkedUntil(now time.Time) time.Time {
	until := h.epoch.Add(time.Duration(h.parked.Load()))
	if !until.After(now) {
		return time.Time{}
	}
	return until
}

func (h *health) overridden() Override { return h.override.Load().(Override) }
