package router

import (
	"context"
	"errors"
	"math"
	"time"

	"golang.org/x/time/rate"
)

// Limiter spaces the calls to a vendor. It is safe for concurrent use.
type Limiter interface {
	// Reserve takes n units and says how long to wait before using them. If
	// that is longer than patience, it takes nothing and ok is false; wait is
	// how long it would have been, as far as that is known.
	Reserve(ctx context.Context, n int, patience time.Duration) (wait time.Duration, ok bool, err error)
}

// Forever is the patience of those who have no deadline.
const Forever = time.Duration(math.MaxInt64)

// bucket is a Limiter of this process.
type bucket struct{ limiter *rate.Limiter }

// newBucket makes a limiter whose bursts are a tenth of a second's worth, and
// never too small for n units at once.
func newBucket(perSecond float64, n int) bucket {
	return bucket{rate.NewLimiter(rate.Limit(perSecond), max(n, int(perSecond/10)))}
}

// Reserve is as [Limiter] has it.
func (b bucket) Reserve(_ context.Context, n int, patience time.Duration) (time.Duration, bool, error) {
	now := time.Now()
	r := b.limiter.ReserveN(now, n)
	if !r.OK() {
		return 0, false, nil
	}
	wait := r.DelayFrom(now)
	if wait > patience {
		r.CancelAt(now)
		return wait, false, nil
	}
	return wait, true, nil
}

// Why a line could not be had.
var (
	errNoTime   = errors.New("its limit leaves no time before the deadline")
	errLimiter  = errors.New("its limiter cannot be reached")
	errDeadline = errors.New("the deadline has passed")
)

// busyError: the limit would hold the message up for that long.
type busyError time.Duration

func (busyError) Error() string { return "its limit would hold the message up" }

// acquire waits for a slot and for the limiters, at most until deadline. With
// overflow set it does not wait at all. Who gets nil must release.
func (l *line) acquire(ctx context.Context, segments int, deadline time.Time, overflow bool) error {
	if err := l.takeSlot(ctx, deadline, overflow); err != nil {
		return err
	}
	if err := l.takeUnits(ctx, segments, deadline, overflow); err != nil {
		l.release()
		return err
	}
	return nil
}

func (l *line) takeSlot(ctx context.Context, deadline time.Time, overflow bool) error {
	if l.slots == nil {
		return nil
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	default:
	}
	if overflow {
		return busyError(0)
	}
	var late <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-late:
		return errNoTime
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *line) release() {
	if l.slots != nil {
		<-l.slots
	}
}

// takeUnits asks both limiters and waits for the slower one. segments is 0 for
// calls that send nothing.
func (l *line) takeUnits(ctx context.Context, segments int, deadline time.Time, overflow bool) error {
	patience := patienceUntil(deadline)
	if overflow {
		patience = 0
	}
	wait, err := reserve(ctx, l.calls, 1, patience)
	if err == nil && segments > 0 {
		var more time.Duration
		more, err = reserve(ctx, l.segments, segments, patience)
		wait = max(wait, more)
	}
	switch {
	case err == errNoTime && overflow:
		return busyError(wait)
	case err != nil || wait == 0:
		return err
	}
	return sleep(ctx, wait)
}

func reserve(ctx context.Context, l Limiter, n int, patience time.Duration) (time.Duration, error) {
	if l == nil {
		return 0, nil
	}
	wait, ok, err := l.Reserve(ctx, n, patience)
	switch {
	case err != nil:
		return 0, errors.Join(errLimiter, err)
	case !ok:
		return wait, errNoTime
	}
	return wait, nil
}

func patienceUntil(deadline time.Time) time.Duration {
	if deadline.IsZero() {
		return Forever
	}
	return max(0, time.Until(deadline))
}
