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
	"sync/atomic"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/api"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
)

// Gateway serves the messages of one configuration.
type Gateway struct {
	log     *slog.Logger
	load    Load
	version string

	ledger *ledger.Ledger
	router *router.Router
	gate   *apikey.Gate
	api    *api.API
	errors api.LastErrors

	metrics *metrics
	handler http.Handler
	current atomic.Pointer[loaded]
	closing chan struct{} // is closed when the gateway shuts down
}

// loaded is a configuration that was read.
type loaded struct {
	conf  *config.Config
	serve *settings.Serve
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
	g.current.Store(&loaded{conf, serve})
	if g.metrics, err = newMetrics(); err != nil {
		return nil, errors.Join(err, conf.Close())
	}
	conf.Ledger.Options.Log = o.Log
	if g.ledger, err = cli.OpenLedger(ctx, conf); err != nil {
		return nil, errors.Join(err, conf.Close())
	}
	if g.router, err = router.New(upstreams(conf), g.routerOptions(conf)); err != nil {
		return nil, errors.Join(err, g.ledger.Close(), conf.Close())
	}
	g.api = api.New(api.Backend{
		Gate: g.gate, Ledger: g.ledger, Router: g.router, Errors: &g.errors, Log: g.log, Version: g.version,
		Configured: func() []config.Provider { return g.conf().Providers },
		Region:     func() string { return g.conf().DefaultRegion },
	})
	g.handler = g.routes()
	return g, nil
}

func noDatabase(conf *config.Config) error {
	return &config.Error{File: conf.Path, Path: "database", Reason: "must not be empty: the gateway records every message; want a file name, such as anysms.db, or postgres://…"}
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

func upstreams(conf *config.Config) []router.Upstream {
	list := make([]router.Upstream, 0, len(conf.Providers))
	for i := range conf.Providers {
		list = append(list, conf.Providers[i].Upstream)
	}
	return list
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
	closed, err := g.router.Reload(upstreams(conf), g.routerOptions(conf))
	if err != nil {
		return errors.Join(err, conf.Close())
	}
	g.current.Store(&loaded{conf, serve})
	g.gate.Reload(serve)
	go func() {
		if err := <-closed; err != nil {
			g.log.Warn("closing the providers of the old configuration", "error", err)
		}
	}()
	return nil
}

// canBecome refuses what takes a restart.
func (g *Gateway) canBecome(conf *config.Config, serve *settings.Serve) error {
	restart := func(path string) error {
		return &config.Error{File: conf.Path, Path: path, Reason: "cannot be changed by a reload; restart the gateway"}
	}
	old := g.current.Load()
	switch {
	case conf.Ledger.Database != old.conf.Ledger.Database:
		return restart("database")
	case serve.Address() != old.serve.Address():
		return restart("serve.listen")
	case (serve.TLS == nil) != (old.serve.TLS == nil):
		return restart("serve.tls")
	}
	return nil
}

// Close waits for what is under way, as long as the context lets it, and closes
// everything.
func (g *Gateway) Close(ctx context.Context) error {
	err := g.router.Close(ctx)
	if err != nil {
		err = fmt.Errorf("messages are still under way: %w", err)
	}
	return errors.Join(err, g.ledger.Close(), g.metrics.close(ctx))
}
