package router

import (
	"context"
	"time"
)

// A deadline that is zero never comes.

// sleep waits for d, or until the context ends; then it returns the cause.
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

// earlier returns the first of two deadlines.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// timeUntil is how long there is until a deadline; zero = [Forever].
func timeUntil(deadline time.Time) time.Duration {
	if deadline.IsZero() {
		return Forever
	}
	return max(0, time.Until(deadline))
}
