package provider

import (
	"errors"
	"fmt"
	"math"
)

// Wrapper is a provider around another one: it logs, counts, or takes a
// capability away. The functions of this package that call an optional
// interface, and [Close], use the first method that they find on the way from
// the outermost provider to the innermost; whether they may call it is decided
// by the Capabilities of the outermost provider alone. A wrapper that must see
// every message therefore needs a SendBatch of its own, or clears [HasBatch].
type Wrapper interface {
	Provider
	// Unwrap returns the provider below, always the same one.
	Unwrap() Provider
}

// As returns the first of p and the providers that it wraps which is a T. That
// the method exists does not mean that it works: Capabilities say so, and the
// functions of this package look at them.
func As[T any](p Provider) (t T, ok bool) {
	for p != nil {
		if t, ok = p.(T); ok {
			return t, true
		}
		w, wraps := p.(Wrapper)
		if !wraps {
			break
		}
		p = w.Unwrap()
	}
	return t, false
}

func implements[T any](p Provider) bool {
	_, ok := As[T](p)
	return ok
}

// optional lists the interface behind each Has bit.
var optional = [...]struct {
	bit   Feature
	name  string
	found func(Provider) bool
}{
	{HasBatch, "BatchSender", implements[BatchSender]},
	{HasStatus, "StatusReader", implements[StatusReader]},
	{HasFind, "Finder", implements[Finder]},
	{HasCancel, "Canceller", implements[Canceller]},
	{HasBalance, "BalanceReader", implements[BalanceReader]},
	{HasQuote, "Quoter", implements[Quoter]},
	{HasVerify, "Verifier", implements[Verifier]},
	{HasCallbacks, "CallbackParser", implements[CallbackParser]},
	{HasInbox, "InboxReader", implements[InboxReader]},
	{HasEvents, "EventSource", implements[EventSource]},
	{HasCheck, "Checker", implements[Checker]},
}

// CheckMethods reports every capability bit of p whose interface neither p nor a
// provider that it wraps implements. It makes no request.
func CheckMethods(p Provider) error {
	c := p.Capabilities()
	var errs []error
	for _, o := range optional {
		if c.Has(o.bit) && !o.found(p) {
			errs = append(errs, fmt.Errorf("capability %q is set, but %T does not implement provider.%s%s", o.bit, p, o.name, hint(p)))
		}
	}
	return errors.Join(errs...)
}

// CheckCapabilities reports every way in which p's Capabilities contradict p: what
// [CheckMethods] reports, a negative limit, a MaxBatch without [HasBatch] or the
// reverse, BatchRules without [HasBatch] or that do not exist, FindSettles without
// [HasFind]. It makes no request.
func CheckCapabilities(p Provider) error {
	c := p.Capabilities()
	var errs []error
	failf := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Has(HasBatch) != (c.MaxBatch > 0) {
		failf("capability %q is %t, but MaxBatch is %d: set both or neither", HasBatch, c.Has(HasBatch), c.MaxBatch)
	}
	if len(c.BatchRules) > 0 && !c.Has(HasBatch) {
		failf("BatchRules are %s, but capability %q is not set", joined(c.BatchRules), HasBatch)
	}
	for _, r := range c.BatchRules {
		if _, err := ParseBatchRule(string(r)); err != nil {
			failf("BatchRules: %v", err)
		}
	}
	if c.FindSettles != 0 && !c.Has(HasFind) {
		failf("FindSettles is %s, but capability %q is not set", c.FindSettles, HasFind)
	}
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"MaxSegments", int64(c.MaxSegments)},
		{"MaxCharacters", int64(c.MaxCharacters)},
		{"MaxBatch", int64(c.MaxBatch)},
		{"FindSettles", int64(c.FindSettles)},
		{"ReplayFor", int64(c.ReplayFor)},
		{"MaxInFlight", int64(c.MaxInFlight)},
	} {
		if limit.value < 0 {
			failf("%s is negative", limit.name)
		}
	}
	if !(c.RateLimit >= 0) || math.IsInf(c.RateLimit, 0) { // NaN too
		failf("RateLimit is %v; want requests per second, 0 = unknown", c.RateLimit)
	}
	return errors.Join(CheckMethods(p), errors.Join(errs...))
}

// hint says what is missing where a wrapper hides the methods of the provider
// below.
func hint(p Provider) string {
	if _, ok := p.(Wrapper); ok {
		return ", nor does any provider that it wraps"
	}
	return "; if it wraps another provider, give it a method Unwrap() provider.Provider"
}
