package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/guard"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// OpenLedger opens the ledger of a configuration; nil = it has none.
func OpenLedger(ctx context.Context, conf *config.Config) (*ledger.Ledger, error) {
	c := conf.Ledger
	if c.Database == "" {
		return nil, nil
	}
	key, err := ledger.LoadKey(c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("ledger.key_file: %w", err)
	}
	c.Options.Key, c.Options.Mark = key, c.KeyFile+".mark"
	open := sqlite.Open
	if c.Postgres() {
		open = postgres.Open
	}
	l, err := open(ctx, c.Database, c.Options)
	if err == nil && l.Restored() > 0 && c.Options.Log == nil {
		fmt.Fprintf(os.Stderr, "warning: the database was restored from an older backup (%d commits are missing): messages that were sent after that may be sent again\n", l.Restored())
	}
	return l, err
}

// ShareLimits makes the limits of the providers, and those of senders if the guards count
// there, those of all machines together, if the ledger is one for several.
func ShareLimits(conf *config.Config, l *ledger.Ledger) error {
	if !conf.Ledger.Postgres() {
		return nil
	}
	for i := range conf.Providers {
		u := &conf.Providers[i].Upstream
		if err := shareCalls(u, l); err != nil {
			return err
		}
		rate := u.RateLimit
		if rate == 0 {
			rate = u.Capabilities().RateLimit
		}
		if rate <= 0 || u.Limiter != nil {
			continue
		}
		shared, err := postgres.NewLimiter(l, u.Name, rate)
		if err != nil {
			return err
		}
		u.Limiter = shared
	}
	if !conf.CountInDatabase {
		return nil
	}
	return conf.Guards.ShareRates(func(from string, perSecond float64) (router.Limiter, error) {
		return postgres.NewLimiter(l, "sender "+from, perSecond)
	})
}

// shareCalls makes a provider's limit of calls under way one of all machines together.
func shareCalls(u *router.Upstream, l *ledger.Ledger) error {
	most := cmp.Or(u.MaxInFlight, u.Capabilities().MaxInFlight, router.DefaultMaxInFlight)
	if most < 0 || u.InFlight != nil {
		return nil
	}
	shared, err := postgres.NewInFlightLimiter(l, u.Name, most)
	u.InFlight = shared
	return err
}

// NeedLedger opens the ledger of the configuration that the flag names. The caller
// closes it. No provider stays open.
func (c *ConfigFlag) NeedLedger(ctx context.Context) (*ledger.Ledger, error) {
	conf, _, err := c.LoadOffline(ctx)
	if err != nil {
		return nil, err
	}
	if err := conf.Close(); err != nil {
		return nil, err
	}
	if _, rest, found := strings.Cut(conf.Ledger.Database, placeholder); found {
		name, _, _ := strings.Cut(rest, "@")
		return nil, fmt.Errorf("%s: database: the environment variable %s is not set", conf.Path, name)
	}
	l, err := OpenLedger(ctx, conf)
	if err == nil && l == nil {
		err = fmt.Errorf("%s has no database; add a line such as \"database: anysms.db\", and messages are recorded from then on", conf.Path)
	}
	return l, err
}

// CountInDatabase makes the guards of a configuration look at the counters in its
// database, if there is one. The caller calls done.
func CountInDatabase(ctx context.Context, conf *config.Config) (done func() error, err error) {
	done = func() error { return nil }
	if !conf.CountInDatabase || strings.Contains(conf.Ledger.Database, placeholder) {
		return done, nil
	}
	if !conf.Ledger.Postgres() {
		if _, err := os.Stat(conf.Ledger.Database); err != nil {
			return done, nil // nothing was counted yet, and looking makes no database
		}
	}
	l, err := OpenLedger(ctx, conf)
	if err != nil {
		return done, err
	}
	conf.Guards.Use(guard.NewLedgerCounters(l))
	return l.Close, nil
}

// forEver is longer than any program lives.
const forEver = 100 * 365 * 24 * time.Hour

// Record makes a router and its guards use the ledger.
func Record(o *router.Options, c *config.Config, l *ledger.Ledger) {
	o.Store, o.Journal = l, l
	if c.CountInDatabase {
		c.Guards.Use(guard.NewLedgerCounters(l))
	}
	if o.StoreOptions.Keep == 0 { // a ref is known as long as its message
		o.StoreOptions.Keep = c.Ledger.Options.Retention
		if o.StoreOptions.Keep == 0 {
			o.StoreOptions.Keep = ledger.DefaultRetention
		}
		if o.StoreOptions.Keep < 0 {
			o.StoreOptions.Keep = forEver
		}
	}
}
