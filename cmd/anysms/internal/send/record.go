package send

import (
	"context"
	"errors"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/journal"
)

// openRecorded returns the configuration's router, with the ledger if one is configured
// and the journal if there is to be one. change changes its options; nil = nothing does.
// done closes both.
func openRecorded(ctx context.Context, conf *config.Config, flags *sendFlags, change func(*router.Options)) (r *router.Router, done func() error, err error) {
	done = func() error { return nil }
	if flags.dryRun || change == nil && flags.journal == "" && conf.Ledger.Database == "" {
		r, err = openRouter(conf, flags.only)
		return r, done, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, done())
		}
	}()
	opts := conf.Options
	if change != nil {
		change(&opts)
	}
	l, err := cli.OpenLedger(ctx, conf)
	if err != nil {
		return nil, done, err
	}
	if l != nil {
		cli.Record(&opts, conf, l)
		done = l.Close
		if err := cli.ShareLimits(conf, l); err != nil {
			return nil, done, err
		}
	}
	if flags.journal != "" {
		j, err := journal.Open(flags.journal)
		if err != nil {
			return nil, done, err
		}
		opts.Journal = j
		if l != nil {
			opts.Journal = l.Beside(j)
		}
		before := done
		done = func() error { return errors.Join(j.Close(), before()) }
	}
	if r, err = conf.NewRouter(flags.only, opts); err != nil {
		return nil, done, err
	}
	if err := cli.Warm(ctx, conf, l, r); err != nil {
		return nil, done, errors.Join(err, r.Close(ctx))
	}
	records := done
	return r, func() error { return errors.Join(r.Close(context.WithoutCancel(ctx)), records()) }, nil
}
