// Package gateway is anysms serve: the router, its ledger and its queue behind HTTP. Its
// parts are packages of their own: settings reads the configuration, apikey lets
// requests in, api serves /v1/, and this one puts them together and runs them.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/api"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/feed"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/otp"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/webhook"
)

// Gateway serves the messages of one configuration.
type Gateway struct {
	log     *slog.Logger
	load    Load
	version string

	ledger *ledger.Ledger
	router *router.Router
	queue  *queue.Queue
	codes  atomic.Pointer[otp.Service]
	source *feed.Source
	gate   *apikey.Gate
	api    *api.API
	errors api.LastErrors

	closeQueue func()

	connections *connections
	streams     atomic.Int64 // of events that are open
	guards      sync.RWMutex // is held while guards are used beside a send

	metrics   *metrics
	handler   http.Handler
	callbacks atomic.Pointer[webhook.Handler]
	hooks     atomic.Pointer[hook.Handler]
	current   atomic.Pointer[loaded]
	closing   chan struct{} // is closed when the gateway shuts down
}

// loaded is a configuration that was read.
type loaded struct {
	conf  *config.Config
	serve *settings.Serve

	replaced chan struct{} // is closed when there is another
	asked    sync.Map      // by name: whether the provider's vendor is given the callback URL with each message
}

func newLoaded(conf *config.Config, serve *settings.Serve) *loaded {
	return &loaded{conf: conf, serve: serve, replaced: make(chan struct{})}
}

// Load reads the configuration: at the start, and again to reload it.
type Load func(ctx context.Context) (*config.Config, *settings.Serve, error)

// Options configure a gateway.
type Options struct {
	Load    Load
	Log     *slog.Logger
	Version string
}

// Open reads the configuration and opens the ledger and the providers. Close closes
// them.
func Open(ctx context.Context, o Options) (g *Gateway, err error) {
	conf, serve, err := o.Load(ctx)
	if err != nil {
		return nil, err
	}
	if conf.Ledger.Database == "" {
		return nil, errors.Join(noDatabase(conf), conf.Close())
	}
	g = &Gateway{log: o.Log, load: o.Load, version: o.Version, gate: apikey.NewGate(serve), closing: make(chan struct{})}
	g.current.Store(newLoaded(conf, serve))
	g.warn(conf, serve)
	g.connections = newConnections(serve, o.Log)
	if g.metrics, err = newMetrics(g.connections); err != nil {
		return nil, errors.Join(err, conf.Close())
	}
	conf.Ledger.Options.Log, conf.Ledger.Options.Feed = o.Log, true
	if g.ledger, err = cli.OpenLedger(ctx, conf); err != nil {
		return nil, errors.Join(err, conf.Close())
	}
	if err := cli.ShareLimits(conf, g.ledger); err != nil {
		return nil, errors.Join(err, g.ledger.Close(), conf.Close())
	}
	if g.router, err = router.New(conf.Upstreams(), g.routerOptions(conf)); err != nil {
		return nil, errors.Join(err, g.ledger.Close(), conf.Close())
	}
	if err := cli.Warm(ctx, conf, g.ledger, g.router); err != nil {
		return nil, errors.Join(err, g.router.Close(ctx), g.ledger.Close(), conf.Close())
	}
	if err := g.assemble(ctx, g.current.Load()); err != nil {
		return nil, errors.Join(err, g.Close(ctx))
	}
	return g, nil
}

// assemble makes the parts over the ledger and the router.
func (g *Gateway) assemble(ctx context.Context, l *loaded) (err error) {
	if err := g.openQueue(ctx, l); err != nil {
		return err
	}
	codes, err := cli.Codes(l.conf, g.ledger, g.queueCode, g.converted)
	if err != nil {
		return err
	}
	g.codes.Store(codes)
	if g.source, err = feed.NewSource(ctx, g.ledger); err != nil {
		return err
	}
	callbacks, err := g.newCallbacks(ctx, l)
	if err != nil {
		return err
	}
	if err := g.requestCallbacks(ctx, l); err != nil {
		return err
	}
	g.callbacks.Store(callbacks)
	hooks, err := g.newHooks(l)
	if err != nil {
		return err
	}
	g.hooks.Store(hooks)
	if err := errors.Join(
		g.metrics.observeHooks(func() map[string]hook.Counts { return g.hooks.Load().Counts() }),
		g.metrics.observeCallbacks(func() webhook.Counts { return g.callbacks.Load().Counts() }),
	); err != nil {
		return err
	}
	g.api = api.New(api.Backend{
		Gate: g.gate, Ledger: g.ledger, Router: g.router, Queue: g.queue, Codes: g.codes.Load,
		Events: g.stream,
		Errors: &g.errors, Log: g.log, Version: g.version,
		Configured: func() []config.Provider { return g.conf().Providers },
		Region:     func() string { return g.conf().DefaultRegion },
	})
	g.handler = g.routes()
	return nil
}

func noDatabase(conf *config.Config) error {
	return conf.Errorf("database", "must not be empty: the gateway records every message; want a file name, such as anysms.db, or postgres://…")
}

func (g *Gateway) conf() *config.Config { return g.current.Load().conf }

func (g *Gateway) serve() *settings.Serve { return g.current.Load().serve }

// routerOptions are those of the configuration, over the ledger.
func (g *Gateway) routerOptions(conf *config.Config) *router.Options {
	opts := conf.Options
	cli.Record(&opts, conf, g.ledger)
	opts.Log = g.log
	opts.MeterProvider = g.metrics.provider
	opts.OnNotice = g.errors.Notice
	return &opts
}

// ServeHTTP serves a request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.handler.ServeHTTP(w, r) }

// Reload reads the configuration again. If it is wrong, the old one stays in force, and
// Reload says why.
func (g *Gateway) Reload(ctx context.Context) error {
	conf, serve, err := g.load(ctx)
	if err != nil {
		return err
	}
	if err := g.canBecome(conf, serve); err != nil {
		return errors.Join(err, conf.Close())
	}
	if err := cli.ShareLimits(conf, g.ledger); err != nil {
		return errors.Join(err, conf.Close())
	}
	codes, err := cli.Codes(conf, g.ledger, g.queueCode, g.converted)
	if err != nil {
		return errors.Join(err, conf.Close())
	}
	next := newLoaded(conf, serve)
	callbacks, err := g.newCallbacks(ctx, next)
	if err != nil {
		return errors.Join(err, conf.Close())
	}
	if err := g.requestCallbacks(ctx, next); err != nil {
		return errors.Join(err, conf.Close())
	}
	old := g.conf()
	conf.Guards.TakeOver(old.Guards)
	closed, err := g.router.Reload(conf.Upstreams(), g.routerOptions(conf))
	if err != nil {
		return errors.Join(err, conf.Close())
	}
	if hooks, err := g.newHooks(next); err != nil { // they were checked
		g.log.Error("the hooks of the new configuration", "error", err)
	} else {
		g.hooks.Store(hooks)
	}
	defer close(g.current.Swap(next).replaced)
	g.codes.Store(codes)
	g.gate.Reload(serve)
	g.connections.reload(serve, g.log)
	g.callbacks.Store(callbacks)
	g.warn(conf, serve)
	go func() {
		if err := errors.Join(<-closed, g.release(old)); err != nil {
			g.log.Warn("closing what the old configuration used", "error", err)
		}
	}()
	return nil
}

// release closes what a configuration has opened besides its providers, once nothing uses its
// guards. It is not in force any more.
func (g *Gateway) release(old *config.Config) error {
	g.guards.Lock() // whoever comes later takes the guards in force
	defer g.guards.Unlock()
	return old.Release()
}

// warn logs what is allowed in a configuration, but hardly meant or not safe.
func (g *Gateway) warn(conf *config.Config, serve *settings.Serve) {
	for _, w := range append(conf.Warnings(), serve.Warnings(conf)...) {
		g.log.Warn("the configuration: "+w.Reason, "file", conf.Path, "line", w.Line, "setting", w.Path)
	}
}

// openQueue opens the queue: that of several machines on PostgreSQL, else this process's.
func (g *Gateway) openQueue(ctx context.Context, l *loaded) (err error) {
	o := queue.Options{
		Keep: g.routerOptions(l.conf).StoreOptions.Keep, Render: g.render, Address: l.serve.Address(), Log: g.log,
	}
	g.queue, g.closeQueue, err = cli.OpenQueue(ctx, l.conf, g.ledger, g.router, o)
	return err
}

// Close waits for what is under way, as long as the context lets it, and closes
// everything.
func (g *Gateway) Close(ctx context.Context) error {
	if g.closeQueue != nil {
		g.closeQueue()
	}
	err := g.router.Close(ctx)
	if err != nil {
		err = fmt.Errorf("messages are still under way: %w", err)
	}
	return errors.Join(err, g.ledger.Close(), g.metrics.close(ctx), g.release(g.conf()))
}
