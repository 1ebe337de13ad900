package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/webhook"
)

// newCallbacks returns the handler of vendors' callbacks: /callbacks/PROVIDER/TOKEN.
// The ledger keeps their tokens, and the handler takes over those that
// "anysms webhook rotate" makes meanwhile.
func (g *Gateway) newCallbacks(l *loaded) (http.Handler, error) {
	var list []webhook.Endpoint
	for i := range l.conf.Providers {
		p := &l.conf.Providers[i]
		if !p.Capabilities().Has(provider.HasCallbacks) {
			continue
		}
		list = append(list, webhook.Endpoint{Name: p.Name, Provider: p.Provider})
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
