package guard

import (
	"context"
	"sync"
	"time"

	"github.com/anysms/anysms/router"
)

// pace is a router.Limiter of this process: it spaces segments evenly (the generic cell
// rate algorithm).
type pace struct {
	every time.Duration // between two segments
	now   func() time.Time

	mu   sync.Mutex
	next time.Time // when the next one may go
}

var _ router.Limiter = (*pace)(nil)

func newPace(perSecond float64, now func() time.Time) *pace {
	return &pace{every: time.Duration(float64(time.Second) / perSecond), now: now}
}

// Reserve implements [router.Limiter].
func (l *pace) Reserve(_ context.Context, n int, patience time.Duration) (wait time.Duration, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	begins := now
	if l.next.After(now) {
		begins = l.next
	}
	if wait = begins.Sub(now); wait > patience {
		return wait, false, nil
	}
	l.next = begins.Add(time.Duration(n) * l.every)
	return wait, true, nil
}

// Return implements [router.Limiter].
func (l *pace) Return(_ context.Context, n int, _ time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = l.next.Add(-time.Duration(n) * l.every)
	return nil
}
