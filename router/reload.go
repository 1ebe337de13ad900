package router

// Reload replaces the configuration. Messages on their way finish under the old
// one; what breakers, pauses and pins know of providers whose names stay is
// kept, and so is what a [MemoryStore] remembers, though another one replaces it. Providers that are no longer in use are closed once they are idle, which
// done tells; nil is a value of it like any other error. If the configuration
// cannot be used, the old one stays and is unharmed. Middleware and the
// OpenTelemetry providers stay those of [New].
func (r *Router) Reload(providers []Upstream, opts *Options) (done <-chan error, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.setup.Load()
	if old == nil {
		return nil, errClosed
	}
	known := make(map[string]*health, len(old.upstreams))
	for _, u := range old.upstreams {
		known[u.name] = u.health
	}
	s, err := newSetup(providers, opts, r.telemetry, known)
	if err != nil {
		return nil, err
	}
	s.keepStore(old)
	r.setup.Store(s)
	idle := old.gate.close()
	closed := make(chan error, 1)
	go func() {
		<-idle
		<-old.earlier
		close(s.earlier)
		closed <- closeAll(old.upstreams, s.upstreams)
	}()
	return closed, nil
}

// keepStore goes on with the old store in memory under the new one's limit: a
// message that is on its way or was sent is not forgotten.
func (s *setup) keepStore(old *setup) {
	before, kept := old.options.Store.(*MemoryStore)
	after, same := s.options.Store.(*MemoryStore)
	if kept && same && before != after {
		before.resize(after.max)
		s.options.Store = before
	}
}
