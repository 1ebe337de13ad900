package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/anysms/anysms/drivers/rest/internal/request"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/redact"
)

// Provider is one account at a recipe's vendor. It is safe for concurrent use.
//
// It has the methods of every optional interface; which of them work depends on
// the recipe and the settings, and Capabilities says so.
type Provider struct {
	recipe         *Recipe
	client         *httpcall.Client
	tokens         *httpcall.TokenSource // nil = the recipe has neither OAuth2 nor a token exchange
	settings       map[string]string
	secrets        redact.Secrets
	templates      []registered
	sender         string
	ownCallbackURL bool                   // callbackURL is the setting
	callbackURL    atomic.Pointer[string] // nil = none
	idempotent     bool
	capabilities   provider.Capabilities
}

var errNoID = errors.New("the response has no id")

// New makes a Provider. It reads the recipe's file but does no network I/O; a
// bad setting or recipe is a *provider.ConfigError.
func New(config Config) (*Provider, error) {
	recipe, err := load(config.Recipe)
	if err != nil {
		return nil, err
	}
	return newProvider(config, recipe)
}

// NewProvider makes a Provider of the recipe; config.Recipe is ignored.
func (r *Recipe) NewProvider(config Config) (*Provider, error) { return newProvider(config, r) }

func newProvider(config Config, r *Recipe) (*Provider, error) {
	values, err := r.values(config)
	if err != nil {
		return nil, err
	}
	p := &Provider{recipe: r, settings: values, sender: config.Sender, ownCallbackURL: config.CallbackURL != ""}
	if p.ownCallbackURL {
		p.callbackURL.Store(&config.CallbackURL)
	}
	for _, s := range r.Settings {
		if s.Templates {
			if p.templates, err = registerAll(s.Name, config.Texts); err != nil {
				return nil, err
			}
		}
	}
	if config.BaseURL == "" {
		config.BaseURL = r.BaseURL
	}
	if missing := r.api.Auth.Missing(request.Scope{Settings: values}); missing != "" {
		return nil, provider.ConfigErrorf(missing, "must be set: the credentials need it")
	}
	secrets := append(r.secrets(values), r.api.Auth.Secrets(request.Scope{Settings: values})...)
	p.secrets = redact.NewSecrets(secrets...)
	if p.client, err = httpcall.New(config.guarded(config.BaseURL), secrets...); err != nil {
		return nil, err
	}
	if o := r.api.Auth.OAuth2; o != nil {
		if p.tokens, err = tokenSource(o, config, request.Scope{Settings: values}); err != nil {
			return nil, err
		}
	}
	if t := r.api.Auth.Token; t != nil {
		exchange, err := t.Exchange(request.Scope{Settings: values})
		if err != nil {
			return nil, err
		}
		if p.tokens, err = httpcall.NewExchangeTokenSource(config.guarded(config.BaseURL), exchange); err != nil {
			return nil, err
		}
	}
	return p, p.finish(config)
}

// finish checks what depends on more than one setting.
func (p *Provider) finish(config Config) error {
	r := p.recipe
	if i := r.api.Idempotency; i != nil {
		p.idempotent = i.When == "" || p.settings[i.When] == "true"
	}
	if c := r.api.Callbacks; c != nil {
		if missing := c.Verify.missing(p.settings); missing != "" && config.CallbackURL != "" {
			return provider.ConfigErrorf(missing, "must be set if callback_url is: without it anybody could send reports")
		}
		if err := c.Verify.check(p.settings); err != nil {
			return err
		}
	}
	if config.CallbackURL != "" && !r.sends("callback_url") {
		return provider.ConfigErrorf("callback_url", "this vendor does not accept one in its requests; enter it in the vendor's console")
	}
	p.capabilities = p.abilities()
	if config.Sender != "" {
		if p.capabilities.Features&provider.CanChooseSender == 0 {
			return provider.ConfigErrorf("sender", "this vendor chooses the sender itself")
		}
		if _, err := r.api.Write.From.write(config.Sender); err != nil {
			return provider.ConfigErrorf("sender", "%v", err)
		}
	}
	return nil
}

// SetCallbackURL implements [provider.CallbackRequester].
func (p *Provider) SetCallbackURL(url string) error {
	if p.ownCallbackURL {
		return nil
	}
	if !p.recipe.sends("callback_url") {
		return fmt.Errorf("callback_url: %w by this vendor; enter it in the vendor's console", errors.ErrUnsupported)
	}
	if err := httpcall.CheckCallbackURL(url); err != nil {
		return err
	}
	if c := p.recipe.api.Callbacks; c != nil {
		if missing := c.Verify.missing(p.settings); missing != "" {
			return provider.ConfigErrorf(missing, "must be set: without it anybody could send reports")
		}
	}
	p.callbackURL.Store(&url)
	return nil
}

// abilities derives the capabilities from the recipe and the settings.
func (p *Provider) abilities() provider.Capabilities {
	r := p.recipe
	c := provider.Capabilities{
		Features:      r.Features(),
		MaxSegments:   r.api.Limits.Segments,
		MaxCharacters: r.api.Limits.Characters,
		RateLimit:     r.RateLimit,
		MaxInFlight:   r.MaxInFlight,
	}
	if r.api.Batch != nil {
		c.MaxBatch, c.BatchRules = r.api.Batch.Max, r.api.batchRules()
	}
	if f := r.api.Find; f != nil {
		c.FindSettles = f.Settles.Duration
		if f.When != "" && p.settings[f.When] != "true" {
			c.Features, c.FindSettles = c.Features&^provider.HasFind, 0
		}
	}
	if p.idempotent {
		c.ReplayFor = r.api.Idempotency.Life.Duration
	}
	if r.api.Callbacks != nil && r.api.Callbacks.Verify.missing(p.settings) != "" {
		c.Features &^= provider.HasCallbacks
	}
	return c
}

// Recipe returns the recipe of the provider.
func (p *Provider) Recipe() *Recipe { return p.recipe }

// Capabilities says what this account can do.
func (p *Provider) Capabilities() provider.Capabilities { return p.capabilities }

// Close drops the idle connections and ends a token request in progress.
func (p *Provider) Close() error {
	err := p.client.Close()
	if p.tokens != nil {
		err = errors.Join(err, p.tokens.Close())
	}
	return err
}

// Send sends an SMS.
func (p *Provider) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	s, err := p.scopeOf(m)
	if err != nil {
		return nil, err
	}
	c := &p.recipe.api.Send
	req, err := p.buildSend(&c.Request, s, nil)
	if err != nil {
		return nil, err
	}
	req.Private = private([]*provider.Message{m}, []request.Scope{s})
	a, err := p.do(ctx, &c.call, req)
	if err != nil {
		return nil, err
	}
	if err := p.judge(&c.call, a); err != nil {
		return nil, err
	}
	receipt, err := p.receipt(&c.Receipt, a.tree, m.To)
	if err != nil {
		return nil, a.Indeterminate(err)
	}
	receipt.Raw = a.Raw()
	return receipt, nil
}

// receipt reads an acceptance. Without the id that the vendor promises it is an
// error.
func (p *Provider) receipt(spec *receiptSpec, answer any, to e164.Number) (*provider.Receipt, error) {
	id := spec.ID.id(answer)
	if id == "" && spec.NoID == "" {
		return nil, errNoID
	}
	return &provider.Receipt{
		ID:       p.recipe.api.composeID(id, to.Digits()),
		Segments: spec.Segments.count(answer),
		Cost:     spec.Cost.money(answer, request.Scope{Settings: p.settings}),
	}, nil
}

// The capabilities that a recipe can have.
var (
	_ provider.Provider       = (*Provider)(nil)
	_ provider.BatchSender    = (*Provider)(nil)
	_ provider.StatusReader   = (*Provider)(nil)
	_ provider.Finder         = (*Provider)(nil)
	_ provider.Canceller      = (*Provider)(nil)
	_ provider.BalanceReader  = (*Provider)(nil)
	_ provider.Quoter         = (*Provider)(nil)
	_ provider.CallbackParser = (*Provider)(nil)
	_ provider.InboxReader    = (*Provider)(nil)
	_ provider.Checker        = (*Provider)(nil)
	_ io.Closer               = (*Provider)(nil)
)
