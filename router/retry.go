package router

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// pauses are the growing waits between the tries of one message at one
// provider.
type pauses struct{ exponential *backoff.ExponentialBackOff }

func newPauses(r Retry) pauses {
	p := pauses{backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(r.Initial),
		backoff.WithMaxInterval(r.Max),
		backoff.WithMultiplier(r.Multiplier),
		backoff.WithRandomizationFactor(max(0, r.Jitter)),
		backoff.WithMaxElapsedTime(0), // the router's own deadline ends it
	)}
	return p
}

func (p pauses) next() time.Duration { return p.exponential.NextBackOff() }

// sleep waits for d, or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
