package router

import (
	"context"
	"errors"
	"github.com/anysms/anysms/provider/sleep"
	"time"
)

// bounds limit how long and how often a message is tried.
type bounds struct {
	deadline time.Time     // zero = none
	attempts int           // that may still be made
	rested   time.Duration // waits between attempts so far
	wait     time.Time     // until when limits and pauses are waited for; zero = as long as there is time
}

// patient reports whether the caller tries again later.
func (b *bounds) patient() bool { return !b.wait.IsZero() }

// ErrBudget means that Options.AttemptBudget allows no further attempt with a message.
var ErrBudget = errors.New("the attempt budget is used up")

var errDeadline = errors.New("the deadline has passed")

// check is mustStop if no further attempt may begin.
func (b *bounds) check(ctx context.Context) event {
	switch {
	case ctx.Err() != nil:
		return event{kind: mustStop, cause: context.Cause(ctx)}
	case !b.deadline.IsZero() && !time.Now().Before(b.deadline):
		return event{kind: mustStop, cause: errDeadline}
	case b.attempts < 1:
		return event{kind: mustStop, cause: ErrBudget}
	}
	return event{}
}

// maxPause bounds the sum of the waits between attempts where the message has no
// deadline. Limits and vendors' responses may take longer.
const maxPause = 30 * time.Second

// patience is when a wait that begins now must be over.
func (b *bounds) patience() time.Time {
	if b.deadline.IsZero() {
		return earlier(b.wait, time.Now().Add(maxPause-b.rested))
	}
	return earlier(b.wait, b.deadline)
}

// limitTime is how long a provider's limits are waited for. short reports that it is less
// than the message has.
func (b *bounds) limitTime() (patience time.Duration, short bool) {
	if !b.patient() {
		return timeUntil(b.deadline), false
	}
	return max(0, time.Until(earlier(b.wait, b.deadline))), b.deadline.IsZero() || b.wait.Before(b.deadline)
}

// rest waits between attempts.
func (b *bounds) rest(ctx context.Context, until time.Time) event {
	pause := time.Until(until)
	b.rested += max(0, pause)
	if err := sleep.For(ctx, pause); err != nil {
		return event{kind: mustStop, cause: err}
	}
	return b.check(ctx)
}
