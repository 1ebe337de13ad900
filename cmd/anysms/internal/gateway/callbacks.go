package gateway

import (
	"context"
	"errors"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/page"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/sleep"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/webhook"
)

// newCallbacks returns the handler of vendors' callbacks: /callbacks/PROVIDER/TOKEN.
// The ledger keeps their tokens, and the handler takes over those that
// "anysms webhook rotate" makes meanwhile.
func (g *Gateway) newCallbacks(ctx context.Context, l *loaded) (*webhook.Handler, error) {
	list, err := l.serve.Endpoints(ctx, l.conf)
	if err != nil {
		return nil, err
	}
	public, err := l.serve.CallbackBase()
	if err != nil {
		return nil, err
	}
	return webhook.New(g.ledger, webhook.Options{
		PublicURL: strings.TrimSuffix(public, "/"), TrustedProxies: settings.Prefixes(l.serve.TrustedProxies),
		Observe: g.router.Observe, Log: g.log,
	}, list...)
}

// callbackURL returns where a provider's vendor reports, with the token in force; "" =
// there is no public_url.
func (g *Gateway) callbackURL(ctx context.Context, l *loaded, name string) (string, error) {
	public, err := l.serve.CallbackBase()
	if err != nil || public == "" {
		return "", err
	}
	if !l.serve.HasToken(name) {
		return webhook.URL(public, name, ""), nil
	}
	tokens, err := g.ledger.CallbackTokens(ctx, name)
	if err != nil {
		return "", err
	}
	return webhook.URL(public, name, tokens[0].Value), nil
}

// requestCallbacks tells the providers whose vendors take a URL with each message where
// to report. A provider's own callback_url takes precedence.
func (g *Gateway) requestCallbacks(ctx context.Context, l *loaded) error {
	if l.serve.PublicURL == "" {
		return nil
	}
	for i := range l.conf.Providers {
		p := &l.conf.Providers[i]
		r, ok := provider.As[provider.CallbackRequester](p.Provider)
		if !ok || !p.Capabilities().Has(provider.HasCallbacks) {
			continue
		}
		u, err := g.callbackURL(ctx, l, p.Name)
		if err != nil {
			return err
		}
		err = r.SetCallbackURL(u)
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
	if c.URL, err = g.callbackURL(ctx, l, name); err != nil {
		return c, err
	}
	asked, _ := l.asked.Load(name)
	c.Asked = asked == true
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
