package router

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/numbering"
)

// check finds the first setting that cannot be used. The defaults are filled in.
func (o *Options) check() error {
	switch o.Validation {
	case Strict, Possible, Shape:
	default:
		return provider.ConfigErrorf("validation", "%q; want strict, possible or shape", o.Validation)
	}
	if o.StoreOptions.OnError != FailClosed && o.StoreOptions.OnError != FailOpen {
		return provider.ConfigErrorf("store.on_error", "%q; want refuse or send", o.StoreOptions.OnError)
	}
	return firstOf(
		checkDigits("allow_numbers", o.AllowNumbers),
		checkDelivery("delivery", o.Delivery),
		checkCodes("failover_on", o.FailoverOn),
		positive("max_segments", o.MaxSegments, 255),
		positive("attempt_budget", o.AttemptBudget, 1000),
		positive("concurrency", o.Concurrency, 0),
		positive("otp_expiry", o.OTPExpiry, 0),
		positive("store.keep", o.StoreOptions.Keep, 0),
		o.Retry.check(), o.Breaker.check(), o.Adaptive.check(),
	)
}

func (r *Retry) check() error {
	if r.Multiplier < 1 {
		return provider.ConfigErrorf("retry.multiplier", "%v; want at least 1", r.Multiplier)
	}
	return firstOf(
		positive("retry.max_attempts", r.MaxAttempts, 100),
		positive("retry.initial", r.Initial, 0),
		positive("retry.max", r.Max, 0),
		positive("retry.max_park", r.MaxPark, 0),
		share("retry.jitter", r.Jitter),
	)
}

func (b *Breaker) check() error {
	if b.Window < buckets {
		return provider.ConfigErrorf("breaker.window", "%s; want a duration such as 60s", b.Window)
	}
	return firstOf(
		positive("breaker.failures", b.Failures, 0),
		positive("breaker.min_volume", b.MinVolume, 0),
		positive("breaker.half_open", b.HalfOpen, 1000),
		positive("breaker.open_for", b.OpenFor, 0),
		share("breaker.ratio", b.Ratio),
		share("breaker.jitter", b.Jitter),
	)
}

func (a *Adaptive) check() error {
	switch {
	case a.Base != Priority && a.Base != LeastCost:
		return provider.ConfigErrorf("adaptive.base", "%q; want priority or least_cost", a.Base)
	case a.MinSample < 10 || a.MinSample > 100_000:
		return provider.ConfigErrorf("adaptive.min_sample", "%d; want 10 to 100000", a.MinSample)
	case a.Window < 2*a.MinSample:
		return provider.ConfigErrorf("adaptive.window", "%d; want at least %d, twice min_sample", a.Window, 2*a.MinSample)
	case !(a.Confidence >= 0.5 && a.Confidence < 1):
		return provider.ConfigErrorf("adaptive.confidence", "%v; want 0.5 to 0.999", a.Confidence)
	case a.Slow > 0 && a.Slow < 1.5:
		return provider.ConfigErrorf("adaptive.slow", "%v; want at least 1.5", a.Slow)
	}
	return firstOf(
		positive("adaptive.half_life", a.HalfLife, 0),
		positive("adaptive.margin", a.Margin, 1),
		positive("adaptive.max_rest", a.MaxRest, 0),
		share("adaptive.floor", a.Floor),
		share("adaptive.explore", 2*a.Explore),
	)
}

func (p *Upstream) check() error {
	path := "providers." + p.Name
	if p.Provider == nil {
		return provider.ConfigErrorf(path, "Provider must not be nil")
	}
	if err := provider.CheckMethods(p.Provider); err != nil {
		return provider.ConfigErrorf(path, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if p.LimiterOnError != FailClosed && p.LimiterOnError != FailOpen {
		return provider.ConfigErrorf(path+".LimiterOnError", "%q; want refuse or send", p.LimiterOnError)
	}
	for _, r := range p.Capabilities().BatchRules {
		if _, err := provider.ParseBatchRule(string(r)); err != nil { // it would be broken unnoticed
			return provider.ConfigErrorf(path, "the provider's capabilities: %v", err)
		}
	}
	return firstOf(
		checkFrom(path+".sender", p.Sender),
		positive(path+".timeout", p.Timeout, 0),
		positive(path+".connect_timeout", p.ConnectTimeout, 0),
	)
}

// check looks at a route; known are the names of the providers.
func (r *Route) check(path string, known []string) error {
	if r.Strategy != Priority && r.Strategy != Weighted && r.Strategy != LeastCost && r.Strategy != AdaptiveOrder {
		return provider.ConfigErrorf(path+".strategy", "%q; want priority, weighted, least_cost or adaptive", r.Strategy)
	}
	if len(r.Targets) == 0 {
		return provider.ConfigErrorf(path+".providers", "must not be empty; want names of providers")
	}
	seen := make(map[string]bool, len(r.Targets))
	for i := range r.Targets {
		t := &r.Targets[i]
		at := fmt.Sprintf("%s.providers[%d]", path, i)
		switch {
		case !slices.Contains(known, t.Name):
			return provider.ConfigErrorf(at, "unknown provider %q; the providers are: %s", t.Name, strings.Join(known, ", "))
		case seen[t.Name]:
			return provider.ConfigErrorf(at, "provider %q is listed twice", t.Name)
		case t.Weight < 0:
			return provider.ConfigErrorf(at+".weight", "%d; want at least 1", t.Weight)
		}
		seen[t.Name] = true
		if err := checkFrom(at+".sender", t.Sender); err != nil {
			return err
		}
	}
	return firstOf(r.Match.check(path+".match"), checkDelivery(path+".delivery", r.Delivery), checkCodes(path+".failover_on", r.FailoverOn))
}

func (m *Match) check(path string) error {
	for _, c := range m.Countries {
		if numbering.CheckRegion(c) != nil || c == "" {
			return provider.ConfigErrorf(path+".countries", "unknown country %q; want an ISO 3166 code such as GR", c)
		}
	}
	for _, c := range m.Classes {
		if !knownClass(c) {
			return provider.ConfigErrorf(path+".classes", "unknown class %q; want otp, transactional or marketing", c)
		}
	}
	return firstOf(checkDigits(path+".prefixes", m.Prefixes), checkDigits(path+".mccmnc", m.MCCMNC))
}

func checkFrom(path, sender string) error {
	if sender == "" || sender == VendorSender {
		return nil
	}
	if err := checkSender(sender); err != nil {
		return provider.ConfigErrorf(path, "%v", err)
	}
	return nil
}

func checkDigits(path string, list []string) error {
	for _, s := range list {
		if s == "" || strings.Trim(s, "0123456789") != "" {
			return provider.ConfigErrorf(path, "%q; want digits without a plus sign, such as 3069", s)
		}
	}
	return nil
}

func checkDelivery(path string, d provider.Delivery) error {
	if d != "" && !knownDelivery(d) {
		return provider.ConfigErrorf(path, "%q; want at_most_once, reconcile or at_least_once", d)
	}
	return nil
}

func checkCodes(path string, codes []provider.Code) error {
	for _, c := range codes {
		if !mayFailOver(c) {
			return provider.ConfigErrorf(path, "%q; want invalid_recipient, invalid_message or rejected", c)
		}
	}
	return nil
}

// positive checks a setting that cannot be off: v > 0 and, where limit is not 0,
// v <= limit.
func positive[N ~int | ~int64 | ~float64](path string, v, limit N) error {
	switch {
	case v <= 0:
		return provider.ConfigErrorf(path, "%v; want more than 0", v)
	case limit != 0 && v > limit:
		return provider.ConfigErrorf(path, "%v; want at most %v", v, limit)
	}
	return nil
}

// share checks a part of 1, which may be off.
func share(path string, v float64) error {
	if v > 1 {
		return provider.ConfigErrorf(path, "%v; want at most 1", v)
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
