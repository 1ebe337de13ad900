package router

import (
	"fmt"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
)

// setup is a checked configuration. It does not change; a reload makes another.
type setup struct {
	Options
	lines  []*line
	byName map[string]*line
	routes []*route
	gate   gate
	// earlier closes when nobody is inside any setup before this one.
	earlier chan struct{}
}

// newSetup checks a configuration and builds what the router works with. Health
// of providers that old has too is taken over.
func newSetup(providers []Upstream, opts *Options, old map[string]*health) (*setup, error) {
	s := &setup{byName: make(map[string]*line, len(providers)), earlier: make(chan struct{})}
	if opts != nil {
		s.Options = *opts
	}
	s.Options = s.withDefaults()
	if err := s.Options.check(); err != nil {
		return nil, err
	}
	if err := s.addLines(providers, opts, old); err != nil {
		return nil, err
	}
	return s, s.addRoutes()
}

func (s *setup) addLines(providers []Upstream, opts *Options, old map[string]*health) error {
	if len(providers) == 0 {
		return provider.ConfigErrorf("providers", "there is none; a router needs at least one")
	}
	for _, p := range providers {
		if p.Name == "" {
			return provider.ConfigErrorf("providers", "a provider has no name")
		}
		if s.byName[p.Name] != nil {
			return provider.ConfigErrorf("providers."+p.Name, "the name is taken twice")
		}
		p = p.withDefaults()
		if err := p.check(); err != nil {
			return err
		}
		l := newLine(p, s.MaxSegments, healthFor(old[p.Name], s.Breaker))
		s.lines = append(s.lines, l)
		if opts == nil || opts.Concurrency == 0 { // enough to fill a batch while others travel
			s.Concurrency = max(s.Concurrency, 4*l.batchSize())
		}
		s.byName[p.Name] = l
	}
	return nil
}

// healthFor keeps what was learned; if breakers work differently now, all but
// theirs.
func healthFor(old *health, settings Breaker) *health {
	if old != nil && old.settings == settings {
		return old
	}
	h := newHealth(settings)
	if old != nil {
		h.override.Store(old.overridden())
		h.park(time.Until(old.parkedUntil(time.Now())))
	}
	return h
}

func (s *setup) addRoutes() error {
	routes, names := s.Options.Routes, make([]string, 0, len(s.lines))
	for _, l := range s.lines {
		names = append(names, l.Name)
	}
	if len(routes) == 0 {
		all := Route{Name: "default"}
		for _, name := range names {
			all.Targets = append(all.Targets, Target{Name: name})
		}
		routes = []Route{all}
	}
	for i, r := range routes {
		path := fmt.Sprintf("routes[%d]", i)
		if r.Name == "" {
			r.Name = path
		}
		if r.Strategy == "" {
			r.Strategy = Priority
		}
		if err := r.check(path, names); err != nil {
			return err
		}
		if r.Strategy == LeastCost && s.Price == nil {
			return provider.ConfigErrorf(path+".strategy", "least_cost needs prices: a rate card")
		}
		s.routes = append(s.routes, newRoute(r, s.byName))
	}
	return nil
}

// gate counts who is inside, so that closing can wait for them.
type gate struct {
	mu     sync.Mutex
	inside int
	closed bool
	empty  chan struct{} // closed once the gate is closed and nobody is inside
}

// enter fails once the gate is closed.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.closed && g.inside == 0 {
		close(g.empty)
	}
}

// close lets nobody in any more. The channel closes when the last one is out.
func (g *gate) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.closed, g.empty = true, make(chan struct{})
		if g.inside == 0 {
			close(g.empty)
		}
	}
	return g.empty
}
