package router

import (
	"time"

	"github.com/anysms/anysms/provider"
)

// Sample is what was measured of a provider in a country before the router began, such
// as the ledger's statistics of the last day.
type Sample struct {
	Provider string
	Country  string // ISO 3166 alpha-2; "" = none

	Accepted, Failed       int // attempts; not those that were the message's own fault
	Delivered, Undelivered int // final reports
	Latency                time.Duration
}

// Warm lets routes with strategy [AdaptiveOrder] begin with earlier measurements, one for
// each provider and country. Where a route has measured by itself, they are left out.
func (r *Router) Warm(samples ...Sample) {
	r.learn(func(a *adaptive) []moved { return a.warm(samples) })
}

// Converted tells routes with strategy [AdaptiveOrder] whether a one-time code that a
// provider has sent was entered. It is what otp.Config.OnConversion reports.
func (r *Router) Converted(name, country string, verified bool) {
	r.learn(func(a *adaptive) []moved { return a.converted(name, country, verified) })
}

// Qualities returns what routes with strategy [AdaptiveOrder] have measured, by route,
// country and provider; nil after Close.
func (r *Router) Qualities() (list []Quality) {
	s := r.setup.Load()
	if s == nil {
		return nil
	}
	for _, rt := range s.routes {
		if rt.adaptive != nil {
			list = append(list, rt.adaptive.qualities(rt.Name)...)
		}
	}
	return list
}

// learn lets every adaptive route learn something, and announces what changes.
func (r *Router) learn(f func(*adaptive) []moved) {
	if s := r.setup.Load(); s != nil {
		s.learn(f)
	}
}

func (s *setup) learn(f func(*adaptive) []moved) {
	for _, rt := range s.routes {
		if rt.adaptive != nil {
			s.observer.moved(rt.Name, f(rt.adaptive))
		}
	}
}

// learnFrom counts a delivery report, if it is final and tells of the provider: a number
// that does not exist does not.
func (s *setup) learnFrom(name string, e *provider.Event) {
	good := e.Status == provider.StatusDelivered
	switch e.Status {
	case provider.StatusDelivered:
	case provider.StatusUndelivered, provider.StatusExpired, provider.StatusRejected:
		if !e.Final || e.Code == provider.InvalidRecipient || e.Code == provider.OptedOut {
			return
		}
	default:
		return
	}
	id := e.ID
	if id == "" {
		id = e.Attempt
	}
	s.learn(func(a *adaptive) []moved { return a.reported(name, id, good) })
}
