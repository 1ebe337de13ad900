package gateway

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
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
