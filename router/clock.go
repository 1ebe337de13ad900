package router

import (
	"time"
)

// A deadline that is zero never comes.

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
