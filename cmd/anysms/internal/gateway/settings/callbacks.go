package settings

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/suggest"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/webhook"
)

// Callbacks are who may report as the vendor of a provider. The zero value is anybody who
// has the token in the URL.
type Callbacks struct {
	From  []Network `json:"from"`  // the vendor's addresses; nil = any
	Token *bool     `json:"token"` // whether the URL has a token; nil = true
	// Insecure allows that anybody reports: without a token, from any address, where the
	// driver verifies nothing.
	Insecure bool `json:"insecure_callbacks"`
}

func (c Callbacks) noToken() bool { return c.Token != nil && !*c.Token }

// checkCallbacks checks what needs no providers; Endpoints does the rest.
func (s *Serve) checkCallbacks() error {
	for _, name := range slices.Sorted(maps.Keys(s.Callbacks)) {
		c, path := s.Callbacks[name], "callbacks."+name
		for i, n := range c.From {
			if !n.IsValid() {
				return provider.ConfigErrorf(fmt.Sprintf("%s.from[%d]", path, i), "must not be empty")
			}
		}
		switch {
		case c.From != nil && len(c.From) == 0:
			return provider.ConfigErrorf(path+".from", "must not be empty; want the vendor's addresses, such as [203.0.113.0/24], or no from for any address")
		case c.Insecure && !c.noToken():
			return provider.ConfigErrorf(path+".insecure_callbacks", "has no effect, as the URL has a token; remove it, or set token: false")
		case c.Insecure && c.From != nil:
			return provider.ConfigErrorf(path+".insecure_callbacks", "has no effect, as from says which addresses may report; remove one of them")
		}
	}
	return nil
}

// Endpoints returns where the vendors of a configuration report, in the order of its
// providers. It returns an error if a name is none of a provider's, or if anybody could
// report and nothing allows that.
func (s *Serve) Endpoints(ctx context.Context, conf *config.Config) ([]webhook.Endpoint, error) {
	var list []webhook.Endpoint
	var names []string
	for i := range conf.Providers {
		p := &conf.Providers[i]
		names = append(names, p.Name)
		c, configured := s.Callbacks[p.Name]
		if !p.Capabilities().Has(provider.HasCallbacks) {
			if configured {
				return nil, conf.Errorf("serve.callbacks."+p.Name, "has no effect: the provider takes no callbacks; a setting that verifies them, such as callback_token or a signing key, may be missing (see \"anysms drivers %s\")", p.Driver)
			}
			continue
		}
		e := webhook.Endpoint{Name: p.Name, Provider: p.Provider, NoToken: c.noToken(), From: Prefixes(c.From), Insecure: c.Insecure}
		if r, ok := provider.As[*rest.Provider](p.Provider); ok {
			e.Acknowledge = webhook.Acknowledgement(r.Acknowledgement())
		}
		if !e.Insecure && e.Open(ctx) {
			return nil, conf.Errorf("serve.callbacks."+p.Name+".token", "false: anybody could report deliveries and replies, as the driver verifies no callbacks as it is configured; want from with the vendor's addresses, the driver's own secret for callbacks, or insecure_callbacks: true")
		}
		list = append(list, e)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Callbacks)) {
		if !slices.Contains(names, name) {
			return nil, conf.Errorf("serve.callbacks."+name, "unknown provider%s; want one of %s", suggest.DidYouMean(name, names), strings.Join(names, ", "))
		}
	}
	return list, nil
}

// Warnings lists what weakens security.
func (s *Serve) Warnings(conf *config.Config) (list []config.Warning) {
	for _, name := range slices.Sorted(maps.Keys(s.Callbacks)) {
		if s.Callbacks[name].Insecure {
			list = append(list, conf.Warningf("serve.callbacks."+name+".insecure_callbacks", "anybody who knows the gateway's address can report deliveries and replies"))
		}
	}
	return list
}

// HasToken reports whether the URL at which a vendor reports has a token.
func (s *Serve) HasToken(name string) bool { return !s.Callbacks[name].noToken() }

// CallbackBase returns what precedes the provider's name in the URLs at which vendors
// report; "" = there is no public_url.
func (s *Serve) CallbackBase() (string, error) {
	if s.PublicURL == "" {
		return "", nil
	}
	u, err := url.JoinPath(s.PublicURL, "callbacks")
	if err != nil {
		return "", fmt.Errorf("serve.public_url: %w", err)
	}
	return u, nil
}
