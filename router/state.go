package router

import (
	"fmt"
	"time"
)

// State is the present state of a provider.
type State struct {
	Provider    string                  `json:"provider"`
	Breaker     BreakerState            `json:"breaker"`
	Countries   map[string]BreakerState `json:"countries,omitempty"` // breakers of countries that are not closed
	ParkedUntil *time.Time              `json:"parked_until"`        // nil = not parked
	Override    Override                `json:"override"`
	InFlight    int                     `json:"in_flight"`
}

// States returns the present state of every provider; nil after Close.
func (r *Router) States() []State {
	s := r.setup.Load()
	if s == nil {
		return nil
	}
	states := make([]State, 0, len(s.upstreams))
	for _, u := range s.upstreams {
		st := State{Provider: u.name, Breaker: u.health.whole.state(), Countries: u.health.countries(), Override: u.health.overridden(), InFlight: int(u.health.busy.Load())}
		if until := u.health.parkedUntil(); !until.IsZero() {
			st.ParkedUntil = &until
		}
		states = append(states, st)
	}
	return states
}

// SetOverride takes a provider in or out of use, whatever its breaker says. With
// [OverrideAuto] the breaker decides again. [OverrideIn] ends a pause that the vendor
// has asked for.
func (r *Router) SetOverride(name string, o Override) error {
	if o != OverrideAuto && o != OverrideIn && o != OverrideOut {
		return fmt.Errorf("override %q; want in, out or auto", string(o))
	}
	u, err := r.upstream(name)
	if err != nil {
		return err
	}
	u.health.override.Store(o)
	if o == OverrideIn {
		u.health.shorten(0)
	}
	return nil
}

func (r *Router) upstream(name string) (*upstream, error) {
	s := r.setup.Load()
	if s == nil {
		return nil, errClosed
	}
	u, ok := s.byName[name]
	if !ok {
		return nil, fmt.Errorf("unknown provider %q", name)
	}
	return u, nil
}

// Hint reports that a provider's breaker has opened on another machine. It opens
// nothing, but for Breaker.OpenFor one failure here is enough to open the breaker.
func (r *Router) Hint(name string) error {
	u, err := r.upstream(name)
	if err != nil {
		return err
	}
	u.health.whole.hint()
	return nil
}
