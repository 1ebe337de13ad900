package riverqueue

import (
	"context"
	"fmt"
	"time"
)

// skewLimit is how far this machine's clock may be from the server's. What is queued by one
// clock and sent by another is early or late by as much, and codes are given up after five
// minutes.
const skewLimit = time.Minute

// checkClock returns an error if this machine's clock and the server's are not together.
func (e *engine) checkClock(ctx context.Context) error {
	before := time.Now()
	var at time.Time
	if err := e.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&at); err != nil {
		return err
	}
	after := time.Now()
	switch { // the answer took some time
	case before.Sub(at) > skewLimit:
		return &ClockError{before.Sub(at)}
	case at.Sub(after) > skewLimit:
		return &ClockError{after.Sub(at)}
	}
	return nil
}

// ClockError means that this machine's clock is not that of the database server.
type ClockError struct {
	Ahead time.Duration // < 0 = behind
}

// Error says which clock is where.
func (e *ClockError) Error() string {
	where := "ahead of"
	if e.Ahead < 0 {
		where = "behind"
	}
	return fmt.Sprintf("this machine's clock is %s %s the database server's; messages would be sent at the wrong time: set the clocks, by NTP for example",
		e.Ahead.Abs().Round(time.Second), where)
}
