package router

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// pauses are the growing waits between the attempts with one message at one
// provider. The zero value starts with the first.
type pauses struct{ exponential *backoff.ExponentialBackOff }

func (p *pauses) next(r Retry) time.Duration {
	if p.exponential == nil {
		p.exponential = newExponential(r)
	}
	return p.exponential.NextBackOff()
}

func newExponential(r Retry) *backoff.ExponentialBackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(r.Initial),
		backoff.WithMaxInterval(r.Max),
		backoff.WithMultiplier(r.Multiplier),
		backoff.WithRandomizationFactor(max(0, r.Jitter)),
		backoff.WithMaxElapsedTime(0), // the router's own deadline ends it
	)
}
