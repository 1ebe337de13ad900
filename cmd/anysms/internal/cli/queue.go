package cli

import (
	"context"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/riverqueue"
)

// OpenQueue returns the queue in a configuration's ledger. done closes it, before the
// ledger and after Run has returned.
func OpenQueue(ctx context.Context, conf *config.Config, l *ledger.Ledger, r *router.Router, o queue.Options) (q *queue.Queue, done func(), err error) {
	o.Lanes = make(map[provider.Class]queue.Lane)
	for class, lane := range conf.Queue {
		o.Lanes[class] = queue.Lane(lane)
	}
	if !conf.Ledger.Postgres() {
		q, err = queue.New(l, r, o)
		return q, func() {}, err
	}
	river, err := riverqueue.New(ctx, l, r, o)
	if err != nil {
		return nil, func() {}, err
	}
	return river.Queue, river.Close, nil
}
