package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/anysms/anysms/encoding/transliterate"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// numbers turns the file's numbers into those of package router. In the file a
// key that is left out is the default, and 0 is off; there 0 is the default and a
// negative number is off.
type numbers struct{ err error }

// plain is a number that cannot be off.
func plain[N int | float64](n *numbers, path string, v *N) N {
	if v == nil {
		return 0
	}
	if *v <= 0 && n.err == nil {
		n.err = provider.ConfigErrorf(path, "%v; want more than 0, or leave the key out for the default", *v)
	}
	return *v
}

// orOff is a number that 0 turns off.
func orOff[N int | float64](n *numbers, path string, v *N) N {
	switch {
	case v == nil:
		return 0
	case *v < 0 && n.err == nil:
		n.err = provider.ConfigErrorf(path, "%v is negative; want 0 for off, or leave the key out for the default", *v)
	case *v == 0:
		return -1
	}
	return *v
}

// spanOrOff is a duration that 0 turns off.
func spanOrOff(n *numbers, path string, v *provider.Duration) time.Duration {
	if v != nil && *v == 0 {
		return -1
	}
	return span(n, path, v)
}

// span is a duration, which cannot be off.
func span(n *numbers, path string, v *provider.Duration) time.Duration {
	if v == nil {
		return 0
	}
	if *v <= 0 && n.err == nil {
		n.err = provider.ConfigErrorf(path, "%s; want more than 0, or leave the key out for the default", v)
	}
	return v.Std()
}

func (r *routerConfig) options() (router.Options, error) {
	var n numbers
	o := router.Options{
		Validation: r.Validation, AllowNumbers: withoutPlus(r.AllowNumbers),
		MaxSegments: plain(&n, "router.max_segments", r.MaxSegments), AttemptBudget: plain(&n, "router.attempt_budget", r.AttemptBudget),
		Delivery: r.Delivery, OTPExpiry: span(&n, "router.otp_expiry", r.OTPExpiry), FailoverOn: r.FailoverOn,
		Hold:          spanOrOff(&n, "router.hold", r.Hold),
		RedirectAllTo: r.RedirectAllTo, Breaker: r.Breaker.options(&n), Retry: r.Retry.options(&n), Adaptive: r.Adaptive.options(&n),
	}
	if r.Transliterate != "" {
		level, err := transliterate.ParseLevel(r.Transliterate)
		if err != nil {
			return o, provider.ConfigErrorf("router.transliterate", "%v", err)
		}
		o.Transliterate = level
	}
	if r.Store != nil {
		o.Store = router.NewMemoryStore(plain(&n, "router.store.max", r.Store.Max))
		o.StoreOptions = router.StoreOptions{Keep: span(&n, "router.store.keep", r.Store.Keep), OnError: r.Store.OnError}
	}
	for i, rt := range r.Routes {
		o.Routes = append(o.Routes, rt.route(&n, fmt.Sprintf("router.routes[%d]", i)))
	}
	return o, n.err
}

func (b *breakerConfig) options(n *numbers) router.Breaker {
	const at = "router.breaker."
	return router.Breaker{
		Failures: plain(n, at+"failures", b.Failures), Ratio: orOff(n, at+"ratio", b.Ratio), MinVolume: plain(n, at+"min_volume", b.MinVolume),
		Window: span(n, at+"window", b.Window), OpenFor: span(n, at+"open_for", b.OpenFor), Jitter: orOff(n, at+"jitter", b.Jitter),
		HalfOpen: plain(n, at+"half_open", b.HalfOpen), LastResort: b.LastResort,
	}
}

func (a *adaptiveConfig) options(n *numbers) router.Adaptive {
	const at = "router.adaptive."
	return router.Adaptive{
		Base: a.Base, MinSample: plain(n, at+"min_sample", a.MinSample), Window: plain(n, at+"window", a.Window),
		HalfLife: span(n, at+"half_life", a.HalfLife), Confidence: plain(n, at+"confidence", a.Confidence), Margin: plain(n, at+"margin", a.Margin),
		Explore: orOff(n, at+"explore", a.Explore), Floor: orOff(n, at+"floor", a.Floor), Slow: orOff(n, at+"slow", a.Slow),
		MaxRest: span(n, at+"max_rest", a.MaxRest),
	}
}

func (r *retryConfig) options(n *numbers) router.Retry {
	const at = "router.retry."
	return router.Retry{
		MaxAttempts: plain(n, at+"max_attempts", r.MaxAttempts), Initial: span(n, at+"initial", r.Initial), Max: span(n, at+"max", r.Max),
		Multiplier: plain(n, at+"multiplier", r.Multiplier), Jitter: orOff(n, at+"jitter", r.Jitter),
		MaxPark: span(n, at+"max_park", r.MaxPark),
	}
}

func (r *routeConfig) route(n *numbers, path string) router.Route {
	rt := router.Route{
		Name: r.Name, Strategy: r.Strategy, Delivery: r.Delivery, FailoverOn: r.FailoverOn,
		Match: router.Match{
			Countries: r.Match.Countries, Prefixes: withoutPlus(r.Match.Prefixes), MCCMNC: r.Match.MCCMNC,
			Classes: r.Match.Classes, Senders: r.Match.Senders, Tags: r.Match.Tags,
		},
	}
	for i, t := range r.Providers {
		at := fmt.Sprintf("%s.providers[%d].weight", path, i)
		target := router.Target{Name: t.Name, Sender: t.Sender, Weight: plain(n, at, t.Weight)}
		if t.Text != "" {
			target.Rewrite = wording(t.Text)
		}
		rt.Targets = append(rt.Targets, target)
	}
	return rt
}

// wording replaces {text} by the message's text, once: a {text} in the message is
// left alone.
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

// upstream returns the router's settings of a provider that is not open yet.
func (p *providerConfig) upstream(name string) (router.Upstream, error) {
	var n numbers
	at := "providers." + name + "."
	return router.Upstream{
		Name: name, Sender: p.Sender, IgnoreValidity: p.Validity == ignore,
		Timeout: span(&n, at+"timeout", p.Timeout), ConnectTimeout: span(&n, at+"connect_timeout", p.ConnectTimeout),
		MaxInFlight: orOff(&n, at+"max_in_flight", p.MaxInFlight), RateLimit: orOff(&n, at+"rate_limit", p.RateLimit),
		SegmentRate: orOff(&n, at+"segment_rate", p.SegmentRate), Overflow: p.Overflow, Batch: orOff(&n, at+"batch", p.Batch),
	}, n.err
}

// ignore is the one value of a provider's validity.
const ignore = "ignore"
