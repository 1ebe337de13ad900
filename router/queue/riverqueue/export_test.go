package riverqueue

import (
	"context"
	"time"
)

// Sweep looks for messages without a job that were due some time ago.
func (q *Queue) Sweep(ctx context.Context, ago time.Duration) error { return q.engine.sweep(ctx, ago) }
