package gateway

import (
	"context"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/page"
	"github.com/anysms/anysms/provider/sleep"
)

// newPage returns the page for people.
func (g *Gateway) newPage() *page.Page {
	return page.New(page.Options{
		Gate: g.gate, Ledger: g.ledger, Providers: g.api.Providers, SetOverride: g.router.SetOverride, Callbacks: g.callbacksOf,
		Region: func() string { return g.conf().DefaultRegion }, Changes: g.changes, Log: g.log, Version: g.version,
	})
}

// changes tells when something has happened to a message or an opt-out, or when the state
// of a provider may have changed, until the context ends or the gateway shuts down.
func (g *Gateway) changes(ctx context.Context) <-chan struct{} {
	const look, anyway = 2 * time.Second, 15 * time.Second
	c := make(chan struct{}, 1)
	last, err := g.ledger.FeedEnd(ctx)
	told := time.Now()
	go func() {
		defer close(c)
		for err == nil && sleep.For(ctx, look) == nil {
			select {
			case <-g.closing:
				return
			default:
			}
			var end int64
			if end, err = g.ledger.FeedEnd(ctx); err != nil || end == last && time.Since(told) < anyway {
				continue
			}
			last, told = end, time.Now()
			select {
			case c <- struct{}{}:
			default: // it has not looked at the last one yet
			}
		}
	}()
	return c
}
