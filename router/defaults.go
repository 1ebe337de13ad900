package router

import (
	"cmp"
	"time"
)

// The defaults of Options and Upstream.
const (
	DefaultTimeout        = 30 * time.Second
	DefaultConnectTimeout = 3 * time.Second
	DefaultMaxInFlight    = 64
	DefaultMaxSegments    = 10
	DefaultOTPExpiry      = 5 * time.Minute
	DefaultAttemptBudget  = 6
	DefaultConcurrency    = 64 // of SendAll
	DefaultKeep           = 24 * time.Hour
	DefaultHold           = 10 * time.Minute
)

func (o Options) withDefaults() Options {
	o.Validation = cmp.Or(o.Validation, Strict)
	o.MaxSegments = cmp.Or(o.MaxSegments, DefaultMaxSegments)
	o.OTPExpiry = cmp.Or(o.OTPExpiry, DefaultOTPExpiry)
	o.AttemptBudget = cmp.Or(o.AttemptBudget, DefaultAttemptBudget)
	o.Concurrency = cmp.Or(o.Concurrency, DefaultConcurrency)
	o.Hold = cmp.Or(o.Hold, DefaultHold)
	o.Retry = o.Retry.withDefaults()
	o.Breaker = o.Breaker.withDefaults()
	o.Adaptive = o.Adaptive.withDefaults()
	o.StoreOptions.Keep = cmp.Or(o.StoreOptions.Keep, DefaultKeep)
	o.StoreOptions.OnError = cmp.Or(o.StoreOptions.OnError, FailClosed)
	return o
}

func (r Retry) withDefaults() Retry {
	r.MaxAttempts = cmp.Or(r.MaxAttempts, 2)
	r.Initial = cmp.Or(r.Initial, 200*time.Millisecond)
	r.Max = cmp.Or(r.Max, 5*time.Second)
	r.Multiplier = cmp.Or(r.Multiplier, 2)
	r.Jitter = cmp.Or(r.Jitter, 0.5)
	r.MaxPark = cmp.Or(r.MaxPark, 15*time.Minute)
	return r
}

func (b Breaker) withDefaults() Breaker {
	b.Failures = cmp.Or(b.Failures, 5)
	b.Ratio = cmp.Or(b.Ratio, 0.5)
	b.MinVolume = cmp.Or(b.MinVolume, 20)
	b.Window = cmp.Or(b.Window, time.Minute)
	b.OpenFor = cmp.Or(b.OpenFor, 30*time.Second)
	b.Jitter = cmp.Or(b.Jitter, 0.1)
	b.HalfOpen = cmp.Or(b.HalfOpen, 1)
	return b
}

func (a Adaptive) withDefaults() Adaptive {
	a.Base = cmp.Or(a.Base, Priority)
	a.MinSample = cmp.Or(a.MinSample, 50)
	a.Window = cmp.Or(a.Window, 4*a.MinSample)
	a.HalfLife = cmp.Or(a.HalfLife, 6*time.Hour)
	a.Confidence = cmp.Or(a.Confidence, 0.98)
	a.Margin = cmp.Or(a.Margin, 0.05)
	a.Explore = cmp.Or(a.Explore, 0.05)
	a.Floor = cmp.Or(a.Floor, 0.5)
	a.Slow = cmp.Or(a.Slow, 4)
	a.MaxRest = cmp.Or(a.MaxRest, 24*time.Hour)
	return a
}

func (p Upstream) withDefaults() Upstream {
	p.Timeout = cmp.Or(p.Timeout, DefaultTimeout)
	p.ConnectTimeout = cmp.Or(p.ConnectTimeout, DefaultConnectTimeout)
	if p.Provider != nil {
		vendor := p.Provider.Capabilities()
		p.RateLimit, p.MaxInFlight = cmp.Or(p.RateLimit, vendor.RateLimit), cmp.Or(p.MaxInFlight, vendor.MaxInFlight)
	}
	p.MaxInFlight = cmp.Or(p.MaxInFlight, DefaultMaxInFlight)
	p.LimiterOnError = cmp.Or(p.LimiterOnError, FailOpen)
	return p
}
