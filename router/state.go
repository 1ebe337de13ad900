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
	Pin         Pin          `json:"pin"`
	InFlight    int          `json:"in_flight"`
}

// Pin is an operator's word on a provider, which no automation undoes.
type Pin string

// The pins.
const (
	Unpinned  Pin = ""
	PinnedIn  Pin = "in"  // in use whatever its breaker says
	PinnedOut Pin = "out" // not in use
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
		st := State{Provider: l.Name, Breaker: l.health.whole.state(), Pin: l.health.pinned(), InFlight: int(l.health.busy.Load())}
		if until := l.health.parkedUntil(time.Now()); !until.IsZero() {
			st.ParkedUntil = &until
		}
		states = append(states, st)
	}
	return states
}

// Pin holds a provider in or out of use, or lets it go with [Unpinned].
func (r *Router) Pin(name string, p Pin) error {
	if p != Unpinned && p != PinnedIn && p != PinnedOut {
		return fmt.Errorf("pin %q; want in, out or nothing", string(p))
	}
	l, err := r.line(name)
	if err != nil {
		return err
	}
	l.health.pin.Store(p)
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
