package riverqueue

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// Sweep looks for messages without a job that were due some time ago.
func (q *Queue) Sweep(ctx context.Context, ago time.Duration) error { return q.engine.sweep(ctx, ago) }

// Config is how River is used.
func (q *Queue) Config() *river.Config { return q.engine.config(q.Queue) }

// Args are the arguments of a job.
type Args = args

// Worker is what works on River's jobs.
func (q *Queue) Worker() river.Worker[Args] { return &worker{queue: q.Queue, log: q.engine.log} }

// SweepEvery sets how often Run looks after the queue.
func (q *Queue) SweepEvery(d time.Duration) { q.engine.sweepEvery = d }
