package conformance

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/conformance/faultserver"
	"github.com/anysms/anysms/provider"
)

func contextFor(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

func contextCases() []Case {
	return []Case{
		{ID: "context.cancelled", Level: Must, Core: true, run: contextCancelled,
			Why:    "who has given up must not cause a text",
			Source: contract + ", Provider.Send"},
		{ID: "context.expired", Level: Must, Core: true, run: contextExpired,
			Why:    "an expired code that still arrives locks people out",
			Source: contract + ", Provider.Send"},
		{ID: "context.cancel-waiting", Level: Must, Core: true, http: true, run: cancelWaiting,
			Why:    "a caller that gives up must come back at once, and the message is in doubt: the vendor has it",
			Source: contract + ", Indeterminate"},
		{ID: "context.deadline-waiting", Level: Must, Core: true, http: true, run: deadlineWaiting,
			Why:    "a deadline that does not hold holds up everything behind it, and the message is in doubt: the vendor has it",
			Source: contract + ", Indeterminate"},
	}
}

func contextCancelled(t *trial) {
	l := t.lab(accept)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	l.wantNothing(ctx, context.Canceled)
}

func contextExpired(t *trial) {
	l := t.lab(accept)
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	l.wantNothing(ctx, context.DeadlineExceeded)
}

// wantNothing sends under a context that has ended.
func (l *lab) wantNothing(ctx context.Context, cause error) {
	r := l.sendUnder(ctx, l.message("Hello"))
	l.wantCode(r, provider.Unavailable)
	l.wantCause(r, cause)
	l.wantSends(0)
}

func (l *lab) wantCause(r result, cause error) {
	if r.err != nil && !errors.Is(r.err, cause) {
		l.failf("Send answered %s, which does not wrap %q: a caller cannot tell that it was the context", r, cause)
	}
}

func cancelWaiting(t *trial) {
	read := make(chan struct{}, 1)
	l := t.lab(func(int, faultserver.Answer) faultserver.Reply {
		read <- struct{}{}
		return faultserver.Reply{End: faultserver.Hang}
	})
	l.ready()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-read:
		case <-time.After(patience): // a busy machine takes its time
		}
		cancel()
	}()
	r := l.sendUnder(ctx, t.message("Hello"))
	l.wantCode(r, provider.Indeterminate)
	l.wantCause(r, context.Canceled)
	l.wantSends(1)
}

func deadlineWaiting(t *trial) {
	l := t.lab(func(int, faultserver.Answer) faultserver.Reply { return faultserver.Reply{End: faultserver.Hang} })
	l.ready()
	ctx, cancel := contextFor(hang)
	defer cancel()
	r := l.sendUnder(ctx, t.message("Hello"))
	l.wantCode(r, provider.Indeterminate)
	l.wantCause(r, context.DeadlineExceeded)
	l.wantSends(1)
}
