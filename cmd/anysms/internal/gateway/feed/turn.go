package feed

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/provider/sleep"
)

// turnTime is how long a gateway's turn lasts unless it renews it. When one dies, another
// takes over after that time at the latest.
const turnTime = 15 * time.Second

// turns lets one of several gateways over one database report to an endpoint.
type turns struct {
	owner string
	lost  atomic.Bool // another gateway may be reporting
}

// takeTurns reports whenever it is this gateway's turn, until the context ends.
func (h *Webhook) takeTurns(ctx context.Context) {
	for ctx.Err() == nil {
		held, err := h.source.ledger.Lease(ctx, h.name, h.turns.owner, turnTime)
		if err == nil && held {
			h.turn(ctx)
		}
		_ = sleep.For(ctx, turnTime/5)
	}
}

// turn reports until the context ends or the turn is lost.
func (h *Webhook) turn(ctx context.Context) {
	h.turns.lost.Store(false)
	own, cancel := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		defer cancel()
		h.renew(own)
	})
	h.run(own)
	cancel()
	renewing.Wait()
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), turnTime/3)
	defer done()
	_ = h.source.ledger.EndLease(ending, h.name, h.turns.owner) // else the next one waits for its end
}

// renew keeps the turn until the context ends, or the turn is lost: it was not renewed in
// time because the database was away or the process stood still.
func (h *Webhook) renew(ctx context.Context) {
	renewed := time.Now()
	for {
		if sleep.For(ctx, turnTime/5) != nil {
			return
		}
		now := time.Now()
		held, err := h.source.ledger.Lease(ctx, h.name, h.turns.owner, turnTime)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && held:
			renewed = now
		case err == nil || time.Since(renewed) > turnTime*2/3:
			h.turns.lost.Store(true)
			h.log.Warn("another gateway may be reporting to a webhook now; this one waits for its next turn", "error", err)
			return
		}
	}
}
