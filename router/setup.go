package router

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/gate"
)

// setup is a checked configuration. It does not change; a reload makes another.
type setup struct {
	options   Options // with defaults
	upstreams []*upstream
	byName    map[string]*upstream
	routes    []*route
	observer  observer
	gate      gate.Gate // the messages under way
	// earlier closes when no message is left in any setup before this one.
	earlier chan struct{}

	combined  bool            // the store is the journal too
	recorder  AttemptRecorder // the store or the journal; nil = neither is one
	storeDown outage
	lossTold  sync.Map // errors of stores that lost their data, by their words
}

// newSetup checks a configuration and builds what the router works with. Providers
// that old has too keep their limits and their health; start then sets the limits.
func newSetup(providers []Upstream, opts *Options, t *telemetry, old map[string]*upstream) (*setup, error) {
	if opts == nil {
		opts = &Options{}
	}
	o := opts.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &setup{
		options: o, byName: make(map[string]*upstream, len(providers)),
		observer: newObserver(&o, t), earlier: make(chan struct{}),
	}
	s.combined = sameValue(o.Store, o.Journal)
	s.recorder, _ = o.Journal.(AttemptRecorder)
	if r, ok := o.Store.(AttemptRecorder); ok {
		s.recorder = r
	}
	if err := s.addUpstreams(providers, old); err != nil {
		return nil, err
	}
	if opts.Concurrency == 0 {
		for _, u := range s.upstreams { // enough to fill a batch while others are under way
			s.options.Concurrency = max(s.options.Concurrency, 4*u.batchSize())
		}
	}
	return s, s.addRoutes()
}

func (s *setup) addUpstreams(providers []Upstream, old map[string]*upstream) error {
	if len(providers) == 0 {
		return provider.ConfigErrorf("providers", "must not be empty")
	}
	for _, p := range providers {
		if p.Name == "" {
			return provider.ConfigErrorf("providers", "a provider has no name")
		}
		if s.byName[p.Name] != nil {
			return provider.ConfigErrorf("providers."+p.Name, "duplicate provider name")
		}
		p = p.withDefaults()
		if err := p.check(); err != nil {
			return err
		}
		u := newUpstream(p, s.options.Breaker, &s.observer, old[p.Name])
		s.upstreams = append(s.upstreams, u)
		s.byName[p.Name] = u
	}
	return nil
}

// start puts the limits of the configuration in force.
func (s *setup) start() {
	for _, u := range s.upstreams {
		u.limits.set(&u.settings, s.options.MaxSegments)
		u.health.shorten(s.options.Retry.MaxPark)
	}
}

func (s *setup) addRoutes() error {
	names := make([]string, 0, len(s.upstreams))
	all := Route{Name: "default"}
	for _, u := range s.upstreams {
		names = append(names, u.name)
		all.Targets = append(all.Targets, Target{Name: u.name})
	}
	routes := s.options.Routes
	if len(routes) == 0 {
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
		if byCost(&r, &s.options) && s.options.Price == nil {
			return provider.ConfigErrorf(path+".strategy", "least_cost needs prices: a rate card")
		}
		rt := newRoute(r, s.byName)
		if r.Strategy == AdaptiveOrder {
			rt.adaptive = newAdaptive(&r, s.options.Adaptive)
		}
		s.routes = append(s.routes, rt)
	}
	return nil
}

// byCost reports whether a route looks at prices.
func byCost(r *Route, o *Options) bool {
	return r.Strategy == LeastCost || r.Strategy == AdaptiveOrder && o.Adaptive.Base == LeastCost
}

// sameValue reports whether two interfaces hold the same value.
func sameValue(a, b any) bool {
	v, w := reflect.ValueOf(a), reflect.ValueOf(b)
	return v.IsValid() && w.IsValid() && v.Type() == w.Type() && v.Comparable() && v.Equal(w)
}

// announceLoss announces once that the store has lost its data.
func (s *setup) announceLoss(err error) {
	if _, told := s.lossTold.LoadOrStore(err.Error(), true); !told {
		s.observer.fault("", err)
	}
}
