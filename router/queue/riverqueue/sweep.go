package riverqueue

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/queue"
)

// The sweep.
const (
	sweepEvery = time.Minute
	sweepBatch = 1000
	overdue    = 2 * rescueAfter // River has had its time by then
)

// sweepUntil looks after messages that nobody would be woken for, until the context ends, or
// the clock is set wrong: then the error is a [*ClockError].
func (e *engine) sweepUntil(ctx context.Context, q *queue.Queue) error {
	ticker := time.NewTicker(e.sweepEvery)
	defer ticker.Stop()
	for {
		if wrong, ok := errors.AsType[*ClockError](e.checkClock(ctx)); ok { // any other error is the sweep's too
			return wrong
		}
		if err := e.sweep(ctx, overdue); err != nil && ctx.Err() == nil {
			e.log.ErrorContext(ctx, "the queue cannot be swept", "error", err)
		}
		e.followPauses(ctx, q)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// lost finds messages that are due for long and have no living job, and locks them.
const lost = `SELECT q.message, q.class FROM anysms_queue q LEFT JOIN river_job j ON j.id = q.wake
	WHERE q.state = 'ready' AND q.due_at < $1 AND (j.id IS NULL OR j.state IN ('completed', 'cancelled', 'discarded'))
	LIMIT $2 FOR UPDATE OF q SKIP LOCKED`

// sweep makes new jobs for messages that have none and were due some time ago.
func (e *engine) sweep(ctx context.Context, ago time.Duration) error {
	for {
		found := 0
		err := pgx.BeginFunc(ctx, e.pool, func(tx pgx.Tx) error {
			n, err := e.sweepSome(ctx, tx, time.Now().Add(-ago))
			found = n
			return err
		})
		if err != nil || found < sweepBatch {
			return err
		}
	}
}

func (e *engine) sweepSome(ctx context.Context, tx pgx.Tx, before time.Time) (int, error) {
	rows, err := tx.Query(ctx, lost, before.UnixMicro(), sweepBatch)
	if err != nil {
		return 0, err
	}
	type row struct {
		ID    string
		Class string
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil || len(list) == 0 {
		return 0, err
	}
	var b pgx.Batch
	for _, r := range list {
		id, err := e.insert(ctx, tx, r.ID, provider.Class(r.Class), time.Now())
		if err != nil {
			return 0, err
		}
		b.Queue(`UPDATE anysms_queue SET wake = $1 WHERE message = $2`, id, r.ID)
	}
	e.log.WarnContext(ctx, "queued messages had lost their jobs, and have new ones", "messages", len(list))
	return len(list), tx.SendBatch(ctx, &b).Close()
}

// followPauses pauses River's queues as the ledger has it, in case a class was paused
// before anybody had worked on it, or by two people at once.
func (e *engine) followPauses(ctx context.Context, q *queue.Queue) {
	for _, class := range queue.Classes() {
		paused, err := q.Ledger().Paused(ctx, class)
		if err == nil {
			err = e.matchPause(ctx, class, paused)
		}
		if err != nil && ctx.Err() == nil {
			e.log.ErrorContext(ctx, "a class could not be paused", "class", class, "error", err)
		}
	}
}

func (e *engine) matchPause(ctx context.Context, class provider.Class, paused bool) error {
	is, err := e.client.QueueGet(ctx, queueName(class))
	switch {
	case errors.Is(err, rivertype.ErrNotFound):
		return nil
	case err != nil || (is.PausedAt != nil) == paused:
		return err
	}
	return e.Pause(ctx, class, paused)
}
