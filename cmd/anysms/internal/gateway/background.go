package gateway

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/feed"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/sleep"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/webhook"
)

// whileLoaded starts the work of the configuration in force, and after a reload that of
// the new one, until the context ends.
func (g *Gateway) whileLoaded(ctx context.Context, start func(ctx context.Context, l *loaded, work *sync.WaitGroup)) {
	for ctx.Err() == nil {
		own, cancel := context.WithCancel(ctx)
		var work sync.WaitGroup
		l := g.current.Load()
		start(own, l, &work)
		select {
		case <-ctx.Done():
		case <-l.replaced:
		}
		cancel()
		work.Wait()
	}
}

// follow listens to the providers that push reports, and reports events to webhooks.
func (g *Gateway) follow(ctx context.Context, l *loaded, work *sync.WaitGroup) {
	for i := range l.conf.Providers {
		if p := &l.conf.Providers[i]; p.Capabilities().Has(provider.HasEvents) {
			work.Go(func() { g.listen(ctx, p) })
		}
	}
	work.Go(func() { g.renewCallbacks(ctx, l) })
	for _, conf := range l.serve.Webhooks {
		h, err := feed.NewWebhook(g.source, conf, l.conf.Ledger.Postgres(), g.log)
		if err != nil { // the configuration was checked
			g.log.Error("a webhook cannot be used", "error", err)
			continue
		}
		work.Go(func() { h.Run(ctx) })
	}
}

// What the page shows the costs of is summed up every minute, but for what was sent so
// lately that its reports still come.
const (
	sumEvery = time.Minute
	sumAfter = 30 * time.Minute
	sumDays  = 91
)

// sumUp keeps the sums of past days, so that the page need not make them.
func (g *Gateway) sumUp(ctx context.Context) {
	for sleep.For(ctx, sumEvery) == nil {
		now := time.Now()
		if err := g.ledger.SumUp(ctx, now.AddDate(0, 0, -sumDays), now.Add(-sumAfter)); err != nil && ctx.Err() == nil {
			g.log.Warn("what was sent could not be summed up", "error", provider.Mask(err.Error()))
		}
	}
}

// stream serves a client's events. Streams leave half of the connections to requests.
func (g *Gateway) stream(c *apikey.Client, w http.ResponseWriter, r *http.Request) {
	defer g.streams.Add(-1)
	if open := g.streams.Add(1); open > int64(g.connections.most()/2) {
		p := problem.New(http.StatusServiceUnavailable, problem.Unavailable, "half of the connections are streams; try again later")
		p.RetryAfter = 10 * time.Second
		p.Write(w)
		return
	}
	s := &feed.Stream{Source: g.source, Client: c, Closing: g.closing, Replaced: g.current.Load().replaced}
	s.ServeHTTP(w, r)
}

// listen takes the reports of the providers that push them over a connection, until the
// context ends.
func (g *Gateway) listen(ctx context.Context, p *config.Provider) {
	const pause = 10 * time.Second
	for {
		err := webhook.Listen(ctx, g.ledger, p.Name, p.Provider, g.router.Observe)
		if ctx.Err() != nil {
			return
		}
		g.log.Warn("the connection for reports ended; it is opened again", "provider", p.Name, "error", err)
		if sleep.For(ctx, pause) != nil {
			return
		}
	}
}
