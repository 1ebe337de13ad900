package router

import (
	"context"
	"time"
)

// Limiter spaces the calls to a vendor. It is safe for concurrent use.
type Limiter interface {
	// Reserve takes n units and says how long to wait before using them. If
	// that is longer than patience, it takes nothing and ok is false.
	Reserve(ctx context.Context, n int, patience time.Duration) (wait time.Duration, ok bool, err error)
}
