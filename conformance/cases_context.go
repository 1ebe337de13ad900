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
			Why:    "a cancelled call must not send a message",
			Source: contract + ", Provider.Send"},
		{ID: "context.expired", Level: Must, Core: true, run: contextExpired,
			Why:    "a message must not be sent after its deadline, such as a code that has expired",
			Source: contract + ", Provider.Send"},
		{ID: "context.cancel-waiting", Level: Must, Core: true, http: true, run: cancelWaiting,
			Why:    "Send must return at once when it is cancelled, and the outcome is unknown: the vendor has the message",
			Source: contract + ", Indeterminate"},
		{ID: "context.deadline-waiting", Level: Must, Core: true, http: true, run: deadlineWaiting,
			Why:    "Send must return at its deadline, and the outcome is unknown: the vendor has the message",
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

// wantNothing sends with a context that has ended.
func (l *lab) wantNothing(ctx context.Context, cause error) {
	r := l.sendUnder(ctx, l.message("Hello"))
	l.wantCode(r, provider.Unavailable)
	l.wantCause(r, cause)
	l.wantSends(0)
}

func (l *lab) wantCause(r result, cause error) {
	if r.err != nil && !errors.Is(r.err, cause) {
		l.failf("Send returned %s, which does not wrap %q, so that a caller cannot see that the context ended", r, cause)
	}
}

func cancelWaiting(t *trial) {
	read := make(chan struct{}, 1)
	l := t.lab(func(int, faultserver.Response) faultserver.Reply {
		read <- struct{}{}
		return faultserver.Reply{End: faultserver.Hang}
	})
	l.ready()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-read:
		case <-time.After(patience): // on a busy machine
		}
		cancel()
	}()
	r := l.sendUnder(ctx, t.message("Hello"))
	l.wantCode(r, provider.Indeterminate)
	l.wantCause(r, context.Canceled)
	l.wantSends(1)
}

func deadlineWaiting(t *trial) {
	l := t.lab(func(int, faultserver.Response) faultserver.Reply { return faultserver.Reply{End: faultserver.Hang} })
	l.ready()
	r := l.sendToSilence()
	l.wantCode(r, provider.Indeterminate)
	l.wantCause(r, context.DeadlineExceeded)
	l.wantSends(1)
}
