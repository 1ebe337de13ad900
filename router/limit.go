package router

import (
	"context"
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

// Forever is the patience of a message without a deadline.
const Forever = time.Duration(math.MaxInt64)

// bucket is a Limiter of this process.
type bucket struct{ limiter *rate.Limiter }

// newBucket returns a limiter with bursts of a tenth of a second's units, and never
// of fewer than n units.
func newBucket(perSecond float64, n int) bucket {
	return bucket{rate.NewLimiter(rate.Limit(perSecond), max(n, int(perSecond/10)))}
}

// Reserve implements [Limiter].
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
