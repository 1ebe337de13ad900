package router

import (
	"fmt"
	"time"

	"github.com/anysms/anysms/provider"
)

// State is the present state of a provider.
type State struct {
	Provider    string       `json:"provider"`
	Breaker     BreakerState `json:"breaker"`
	ParkedUntil *time.Time   `json:"parked_until"` // nil = not parked
	Override    Override     `json:"override"`
	InFlight    int          `json:"in_flight"`
}

// Override is an operator's decision about a provider. Breakers do not change it.
type Override string

// The overrides.
const (
	OverrideAuto Override = "auto" // the breaker decides
	OverrideIn   Override = "in"   // used even if its breaker is open
	OverrideOut  Override = "out"  // not used
)

// States gives the present state of every provider; none once the router is
// closed. With breakers per country, Breaker is that of messages without one.
func (r *Router) States() []State {
	s := r.setup.Load()
	if s == nil {
		return nil
	}
	states := make([]State, 0, len(s.lines))
	for _, l := range s.lines {
		st := State{Provider: l.Name, Breaker: l.health.whole.state(), Override: l.health.overridden(), InFlight: int(l.health.busy.Load())}
		if until := l.health.parkedUntil(time.Now()); !until.IsZero() {
			st.ParkedUntil = &until
		}
		states = append(states, st)
	}
	return states
}

// SetOverride takes a provider in or out of use, or with [OverrideAuto] leaves
// that to its breaker again.
func (r *Router) SetOverride(name string, o Override) error {
	if o != OverrideAuto && o != OverrideIn && o != OverrideOut {
		return fmt.Errorf("override %q; want in, out or auto", string(o))
	}
	l, err := r.line(name)
	if err != nil {
		return err
	}
	l.health.override.Store(o)
	return nil
}

func (r *Router) line(name string) (*line, error) {
	s := r.setup.Load()
	if s == nil {
		return nil, errClosed
	}
	l, ok := s.byName[name]
	if !ok {
		return nil, fmt.Errorf("there is no provider %q", name)
	}
	return l, nil
}

// accountWide are the codes that every message would meet.
func accountWide(code provider.Code) bool { return code != "" && ruleFor(code).feed == trip }

// Hint says that a provider failed elsewhere, on another machine perhaps. It
// opens nothing, but for as long as a breaker stays open the first failure here
// suffices to open this one.
func (r *Router) Hint(name string) error {
	l, err := r.line(name)
	if err != nil {
		return err
	}
	l.health.whole.hint()
	return nil
}
