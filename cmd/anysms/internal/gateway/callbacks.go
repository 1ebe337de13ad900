package gateway

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/webhook"
)

// newCallbacks returns the handler of vendors' callbacks: /callbacks/PROVIDER/TOKEN.
// Their tokens are made at the first start and kept in the ledger.
func (g *Gateway) newCallbacks(ctx context.Context, l *loaded) (http.Handler, error) {
	var list []webhook.Endpoint
	for i := range l.conf.Providers {
		p := &l.conf.Providers[i]
		if !p.Capabilities().Has(provider.HasCallbacks) {
			continue
		}
		tokens, err := g.ledger.CallbackTokens(ctx, p.Name)
		if err != nil {
			return nil, err
		}
		e := webhook.Endpoint{Name: p.Name, Provider: p.Provider, Token: tokens[0].Value}
		for _, old := range tokens[1:] {
			e.OldTokens = append(e.OldTokens, old.Value)
		}
		list = append(list, e)
	}
	o := webhook.Options{TrustedProxies: l.serve.TrustedProxies, Observe: g.router.Observe, Log: g.log}
	if l.serve.PublicURL != "" {
		u, err := url.JoinPath(l.serve.PublicURL, "callbacks")
		if err != nil {
			return nil, err
		}
		o.PublicURL = strings.TrimSuffix(u, "/")
	}
	h, err := webhook.New(g.ledger, o, list...)
	if err != nil {
		return nil, err
	}
	return http.StripPrefix("/callbacks", h), nil
}

// refreshCallbacks takes over tokens that "anysms webhook rotate" has made meanwhile.
func (g *Gateway) refreshCallbacks(ctx context.Context) {
	const every = time.Minute
	for sleep(ctx, every) {
		l := g.current.Load()
		h, err := g.newCallbacks(ctx, l)
		if err != nil {
			g.log.Warn("reading the tokens of callback URLs", "error", err)
			continue
		}
		g.callbacks.Store(&h)
	}
}

// listen takes the reports of the providers that push them over a connection, until the
// context ends.
func (g *Gateway) listen(ctx context.Context, p *config.Provider) {
	const pause = 10 * time.Second
	for {
		err := webhook.Listen(ctx, g.ledger, p.Name, p.Provider, g.router.Observe)
		if ctx.Err() != nil {
			return
		}
		g.log.Warn("the connection for reports ended; it is opened again", "provider", p.Name, "error", err)
		if !sleep(ctx, pause) {
			return
		}
	}
}

// listenAll listens to the providers of the configuration in force.
func (g *Gateway) listenAll(ctx context.Context) {
	for ctx.Err() == nil {
		own, cancel := context.WithCancel(ctx)
		var listeners sync.WaitGroup
		conf := g.conf()
		for i := range conf.Providers {
			if p := &conf.Providers[i]; p.Capabilities().Has(provider.HasEvents) {
				listeners.Go(func() { g.listen(own, p) })
			}
		}
		select {
		case <-ctx.Done():
		case <-g.reloaded:
		}
		cancel()
		listeners.Wait()
	}
}

// sleep returns false if the context ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
