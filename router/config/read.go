package config

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/anysms/anysms/encoding/transliterate"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/numbering"
)

// read makes a Config of a file. If it fails, the providers it opened are
// closed again.
func (d *document) read(ctx context.Context, source []byte, drivers *provider.Registry) (*Config, error) {
	root, err := d.parse(source)
	if err != nil {
		return nil, err
	}
	var file fileConfig
	if err := d.decode("", root, &file); err != nil {
		return nil, err
	}
	c := &Config{Path: d.name, DefaultRegion: file.Router.DefaultRegion, Rates: d.resolve(file.Rates), lines: d.lines}
	if err := numbering.CheckRegion(c.DefaultRegion); err != nil {
		return nil, provider.ConfigErrorf("router.default_region", "%v", err)
	}
	if c.Options, err = file.Router.options(); err != nil {
		return nil, err
	}
	if err := c.price(&file); err != nil {
		return nil, err
	}
	if err := d.open(ctx, c, root, drivers); err != nil {
		c.closeProviders()
		return nil, err
	}
	return c, nil
}

// decode reads a node into a struct with json tags.
func (d *document) decode(path string, n *yaml.Node, into any) error {
	v, err := d.value(path, n, shapeOf(reflect.TypeOf(into)), 0)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return provider.ConfigErrorf(path, "%v", err)
	}
	return under(path, provider.DecodeConfig(raw, into))
}

// under puts a path in front of that of a mistake.
func under(path string, err error) error {
	wrong, ok := errors.AsType[*provider.ConfigError](err)
	if !ok || path == "" {
		return err
	}
	at := path
	switch {
	case strings.HasPrefix(wrong.Path, "["):
		at += wrong.Path
	case wrong.Path != "":
		at += "." + wrong.Path
	}
	return &provider.ConfigError{Path: at, Reason: wrong.Reason}
}

// open opens the providers and makes the router.
func (d *document) open(ctx context.Context, c *Config, root *yaml.Node, drivers *provider.Registry) error {
	fields, err := d.fields("", root, 0)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.key != "providers" || follow(f.value).ShortTag() == "!!null" {
			continue
		}
		if err := d.openProviders(ctx, c, f.value, drivers); err != nil {
			return err
		}
	}
	list := make([]router.Upstream, 0, len(c.Providers))
	for i := range c.Providers {
		list = append(list, c.Providers[i].Upstream)
	}
	c.router, err = router.New(list, &c.Options)
	if wrong, ok := errors.AsType[*provider.ConfigError](err); ok {
		return &provider.ConfigError{Path: inFile(wrong.Path), Reason: wrong.Reason}
	}
	return err
}

func (c *Config) closeProviders() {
	for i := range c.Providers {
		_ = provider.Close(c.Providers[i].Upstream.Provider) // they were never used, and an error stands already
	}
}

func (r *routerConfig) options() (router.Options, error) {
	o := router.Options{
		Validation: r.Validation, AllowNumbers: withoutPlus(r.AllowNumbers),
		MaxSegments: or0(r.MaxSegments), AttemptBudget: or0(r.AttemptBudget),
		Delivery: r.Delivery, OTPExpiry: r.OTPExpiry.Std(), FailoverOn: r.FailoverOn, RedirectAllTo: r.RedirectAllTo,
		Breaker: r.Breaker.options(), Retry: r.Retry.options(),
	}
	if r.Transliterate != "" {
		level, err := transliterate.ParseLevel(r.Transliterate)
		if err != nil {
			return o, provider.ConfigErrorf("router.transliterate", "%v", err)
		}
		o.Transliterate = level
	}
	if r.Store != nil {
		if r.Store.Max < 0 {
			return o, provider.ConfigErrorf("router.store.max", "%d is negative; want a number of refs", r.Store.Max)
		}
		o.Store = router.NewMemoryStore(r.Store.Max)
		o.StoreOptions = router.StoreOptions{Keep: r.Store.Keep.Std(), OnError: r.Store.OnError}
	}
	for _, rt := range r.Routes {
		o.Routes = append(o.Routes, rt.route())
	}
	return o, r.noZeros()
}

// noZeros finds numbers that are given as 0, which stands for the default in
// package router and would be a surprise here.
func (r *routerConfig) noZeros() error {
	for path, v := range map[string]*int{
		"max_segments": r.MaxSegments, "attempt_budget": r.AttemptBudget, "retry.max_attempts": r.Retry.MaxAttempts,
		"breaker.failures": r.Breaker.Failures, "breaker.min_volume": r.Breaker.MinVolume, "breaker.half_open": r.Breaker.HalfOpen,
	} {
		if v != nil && *v == 0 {
			return provider.ConfigErrorf("router."+path, "0; want at least 1")
		}
	}
	return nil
}

func (b *breakerConfig) options() router.Breaker {
	return router.Breaker{
		Failures: or0(b.Failures), Ratio: or0(b.Ratio), MinVolume: or0(b.MinVolume),
		Window: b.Window.Std(), OpenFor: b.OpenFor.Std(), Jitter: jitter(b.Jitter),
		HalfOpen: or0(b.HalfOpen), PerCountry: b.PerCountry, LastResort: b.LastResort,
	}
}

func (r *retryConfig) options() router.Retry {
	return router.Retry{
		MaxAttempts: or0(r.MaxAttempts), Initial: r.Initial.Std(), Max: r.Max.Std(),
		Multiplier: or0(r.Multiplier), Jitter: jitter(r.Jitter),
	}
}

// or0 is the value, or 0 for the default.
func or0[N int | float64](p *N) N {
	if p == nil {
		return 0
	}
	return *p
}

// jitter: a 0 that is written down means none.
func jitter(p *float64) float64 {
	if p != nil && *p == 0 {
		return -1
	}
	return or0(p)
}

func (r *routeConfig) route() router.Route {
	rt := router.Route{
		Name: r.Name, Strategy: r.Strategy, Delivery: r.Delivery, FailoverOn: r.FailoverOn,
		Match: router.Match{
			Countries: r.Match.Countries, Prefixes: withoutPlus(r.Match.Prefixes), MCCMNC: r.Match.MCCMNC,
			Classes: r.Match.Classes, Senders: r.Match.Senders, Tags: r.Match.Tags,
		},
	}
	for _, t := range r.Providers {
		target := router.Target{Name: t.Name, Sender: t.Sender, Weight: or0(t.Weight)}
		if t.Weight != nil && *t.Weight == 0 {
			target.Weight = -1 // the router says what would be right
		}
		if t.Text != "" {
			target.Rewrite = wording(t.Text)
		}
		rt.Targets = append(rt.Targets, target)
	}
	return rt
}

// wording puts the message's text into the place of {text}, once: what the text
// holds is not looked at.
func wording(form string) func(*provider.Message) {
	before, after, found := strings.Cut(form, "{text}")
	return func(m *provider.Message) {
		if !found {
			m.Text = form
			return
		}
		m.Text = before + m.Text + after
	}
}

func withoutPlus(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, strings.TrimPrefix(s, "+"))
	}
	return out
}

func (p *providerConfig) settings(name string, opened provider.Provider) router.Upstream {
	return router.Upstream{
		Name: name, Provider: opened, Sender: p.Sender, IgnoreValidity: p.Validity == ignore,
		Timeout: p.Timeout.Std(), ConnectTimeout: p.ConnectTimeout.Std(),
		MaxInFlight: p.MaxInFlight, RateLimit: or0(p.RateLimit), SegmentRate: or0(p.SegmentRate),
		Overflow: p.Overflow, Batch: p.Batch,
	}
}

// ignore is the one value of a provider's validity.
const ignore = "ignore"
