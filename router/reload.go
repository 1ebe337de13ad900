package router

// Reload replaces the configuration. Messages in flight finish under the old one.
// Providers that keep their names keep their breakers, pauses and overrides, and
// share their limits with the messages in flight; a [MemoryStore] keeps what it
// remembers, even if another one replaces it.
// Middleware and the OpenTelemetry providers stay those of [New].
//
// Providers that are no longer used are closed when they are idle; done then
// receives the error of closing them, or nil. If the new configuration is wrong,
// Reload returns an error and changes nothing.
func (r *Router) Reload(providers []Upstream, opts *Options) (done <-chan error, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.setup.Load()
	if old == nil {
		return nil, errClosed
	}
	s, err := newSetup(providers, opts, r.telemetry, old.byName)
	if err != nil {
		return nil, err
	}
	s.keepStore(old)
	s.keepLearned(old)
	s.start()
	r.setup.Store(s)
	idle := old.gate.Close()
	closed := make(chan error, 1)
	go func() {
		<-idle
		<-old.earlier
		close(s.earlier)
		closed <- closeAll(old.upstreams, s.upstreams)
	}()
	return closed, nil
}

// keepLearned keeps what routes have learned that are as they were.
func (s *setup) keepLearned(old *setup) {
	for _, rt := range s.routes {
		for _, before := range old.routes {
			if rt.Name == before.Name && rt.adaptive != nil && before.adaptive != nil && rt.adaptive.sameAs(before.adaptive) {
				rt.adaptive = before.adaptive
			}
		}
	}
}

// keepStore keeps the old store in memory, with the new one's limit, so that no
// message that was sent or is in flight is forgotten.
func (s *setup) keepStore(old *setup) {
	before, kept := old.options.Store.(*MemoryStore)
	after, same := s.options.Store.(*MemoryStore)
	if kept && same && before != after {
		before.resize(after.max)
		s.options.Store = before
	}
}
