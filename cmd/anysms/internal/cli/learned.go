package cli

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
)

// learnedFrom is how far back adaptive routes look when they begin.
const learnedFrom = 24 * time.Hour

// Warm lets the adaptive routes of a router begin with what the ledger has of the last
// day, if there are any.
func Warm(ctx context.Context, conf *config.Config, l *ledger.Ledger, r *router.Router) error {
	if !adaptive(conf) || l == nil {
		return nil
	}
	now := time.Now()
	stats, err := l.Stats(ctx, now.Add(-learnedFrom), now)
	if err != nil {
		return err
	}
	type place struct{ provider, country string }
	at := make(map[place]int)
	var samples []router.Sample
	for _, s := range stats { // of two days
		i, known := at[place{s.Provider, s.Country}]
		if !known {
			i = len(samples)
			at[place{s.Provider, s.Country}] = i
			samples = append(samples, router.Sample{Provider: s.Provider, Country: s.Country})
		}
		p := &samples[i]
		p.Accepted += s.Accepted
		p.Failed += s.NotSent + s.Unknown
		p.Delivered += s.Delivered
		p.Undelivered += s.Failed
		p.Latency = s.Latency
	}
	r.Warm(samples...)
	return nil
}

// WarmOffline is [Warm] for a command that only looks: it makes no database.
func WarmOffline(ctx context.Context, conf *config.Config) error {
	database := conf.Ledger.Database
	if !adaptive(conf) || database == "" || strings.Contains(database, placeholder) {
		return nil
	}
	if _, err := os.Stat(database); err != nil && !conf.Ledger.Postgres() {
		return nil // nothing was recorded yet
	}
	l, err := OpenLedger(ctx, conf)
	if err != nil {
		return err
	}
	defer l.Close()
	return Warm(ctx, conf, l, conf.Router())
}

func adaptive(conf *config.Config) bool {
	return slices.ContainsFunc(conf.Options.Routes, func(r router.Route) bool { return r.Strategy == router.AdaptiveOrder })
}
