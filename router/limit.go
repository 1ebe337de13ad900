package router

import (
	"context"
	"math"
	"time"
)

// Limiter spaces the calls to a vendor. It is safe for concurrent use.
type Limiter interface {
	// Reserve takes n units and says how long to wait before using them. If
	// that is longer than patience, it takes nothing and ok is false; wait is
	// how long it would have been, as far as that is known.
	Reserve(ctx context.Context, n int, patience time.Duration) (wait time.Duration, ok bool, err error)
	// Return gives back units that Reserve took and that are not used. wait is what
	// is left of the wait that Reserve returned.
	Return(ctx context.Context, n int, wait time.Duration) error
}

// Forever is the patience of a message without a deadline.
const Forever = time.Duration(math.MaxInt64)

// InFlightLimiter is a limit of concurrent calls that several machines share. It is safe for
// concurrent use.
type InFlightLimiter interface {
	// Share returns how many calls this machine may have under way. want is how many it
	// would like to have; held is how many it allows itself now: these are nobody else's
	// until a later call says that it holds fewer.
	Share(ctx context.Context, want, held int) (limit int, err error)
}
