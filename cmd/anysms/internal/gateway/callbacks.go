package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/page"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/sleep"
	"github.com/anysms/anysms/router/ledger"
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

// requestCallbacks tells the providers whose vendors take a URL with each message where
// to report, with the token in force. A provider's own callback_url takes precedence.
func (g *Gateway) requestCallbacks(ctx context.Context, l *loaded) error {
	if l.serve.PublicURL == "" {
		return nil
	}
	public, err := url.JoinPath(l.serve.PublicURL, "callbacks")
	if err != nil {
		return err
	}
	for i := range l.conf.Providers {
		p := &l.conf.Providers[i]
		r, ok := provider.As[provider.CallbackRequester](p.Provider)
		if !ok || !p.Capabilities().Has(provider.HasCallbacks) {
			continue
		}
		tokens, err := g.ledger.CallbackTokens(ctx, p.Name)
		if err != nil {
			return err
		}
		err = r.SetCallbackURL(webhook.URL(public, p.Name, tokens[0].Value))
		l.asked.Store(p.Name, err == nil)
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			g.log.Warn("the vendor is not asked to report on its messages", "provider", p.Name, "error", err)
		}
	}
	return nil
}

// callbacksOf says on the page where a provider's vendor reports.
func (g *Gateway) callbacksOf(ctx context.Context, name string) (c page.Callbacks, err error) {
	l := g.current.Load()
	p, err := l.conf.Provider(name)
	if err != nil || !p.Capabilities().Has(provider.HasCallbacks) {
		return c, nil // a reload may have removed it meanwhile
	}
	c.Used = true
	if l.serve.PublicURL == "" {
		return c, nil
	}
	public, err := url.JoinPath(l.serve.PublicURL, "callbacks")
	if err != nil {
		return c, err
	}
	tokens, err := g.ledger.CallbackTokens(ctx, name)
	if err != nil {
		return c, err
	}
	asked, _ := l.asked.Load(name)
	c.URL, c.Asked = webhook.URL(public, name, tokens[0].Value), asked == true
	return c, nil
}

// renewCallbacks takes over the tokens that "anysms webhook rotate" makes, long before the
// one before ends.
func (g *Gateway) renewCallbacks(ctx context.Context, l *loaded) {
	for sleep.For(ctx, ledger.TokenOverlap/24) == nil {
		if err := g.requestCallbacks(ctx, l); err != nil && ctx.Err() == nil {
			g.log.Warn("the tokens of callbacks cannot be read", "error", err)
		}
	}
}
