package conformance

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/provider"
)

func contextFor(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

func contextCases() []Case {
	const (
		early = "look at ctx.Err() before the first byte is written, and wrap it in an error with code unavailable"
		late  = "pass ctx to the transport, return as soon as it ends, and wrap its error in one with code indeterminate"
	)
	return []Case{
		{ID: "context.cancelled", Level: Must, Core: true, wire: true, run: contextCancelled,
			Why:    "a cancelled call must not send a message",
			Source: contract + ", Provider.Send", Fix: early},
		{ID: "context.expired", Level: Must, Core: true, wire: true, run: contextExpired,
			Why:    "a message must not be sent after its deadline, such as a code that has expired",
			Source: contract + ", Provider.Send", Fix: early},
		{ID: "context.cancel-waiting", Level: Must, Core: true, needs: aLab, wire: true, run: cancelWaiting,
			Why:    "Send must return at once when it is cancelled, and the outcome is unknown: the vendor has the message",
			Source: contract + ", Indeterminate", Fix: late},
		{ID: "context.deadline-waiting", Level: Must, Core: true, needs: aLab, wire: true, run: deadlineWaiting,
			Why:    "Send must return at its deadline, and the outcome is unknown: the vendor has the message",
			Source: contract + ", Indeterminate", Fix: late},
	}
}

func contextCancelled(t *trial) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	t.bench(accept).wantNothing(ctx, context.Canceled)
}

func contextExpired(t *trial) {
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	t.bench(accept).wantNothing(ctx, context.DeadlineExceeded)
}

// wantNothing sends with a context that has ended.
func (b *bench) wantNothing(ctx context.Context, cause error) {
	r := b.sendUnder(ctx, b.message("Hello"))
	b.wantCode(r, provider.Unavailable)
	b.wantCause(r, cause)
	b.wantSends(0)
}

func (b *bench) wantCause(r result, cause error) {
	if r.err != nil && !errors.Is(r.err, cause) {
		b.failf("Send returned %s, which does not wrap %q, so that a caller cannot see that the context ended", r, cause)
	}
}

// cancelWaiting cancels as soon as the vendor has the message.
func cancelWaiting(t *trial) {
	b := t.bench(accept)
	b.ready()
	b.fail(FaultHang)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		t.eventually(t.pace.call, func() bool { return b.count() > 0 })
		cancel()
	}()
	r := b.sendUnder(ctx, t.message("Hello"))
	b.wantCode(r, provider.Indeterminate)
	b.wantCause(r, context.Canceled)
	b.wantSends(1)
}

// deadlineWaiting ends by a deadline. On a busy machine it may end before the vendor
// has the message: then a later one is tried.
func deadlineWaiting(t *trial) {
	b := t.bench(accept)
	b.ready()
	b.fail(FaultHang)
	for i, wait := range t.waits() {
		ctx, cancel := contextFor(wait)
		r := b.sendUnder(ctx, t.message("Hello"))
		cancel()
		if unseen(b, r) && i < len(t.waits())-1 {
			continue
		}
		b.wantCode(r, provider.Indeterminate)
		b.wantCause(r, context.DeadlineExceeded)
		t.eventually(t.pace.patience, func() bool { return b.count() > 0 })
		b.wantSends(1)
		return
	}
}
