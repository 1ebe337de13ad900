package config

import (
	"time"

	"github.com/anysms/anysms/provider"
)

// Lane says how the messages of a class are sent from the queue. 0 = the queue's default.
type Lane struct {
	Workers     int
	GiveUpAfter time.Duration
}

type queueConfig struct {
	Workers     classed[int]               `json:"workers"`
	GiveUpAfter classed[provider.Duration] `json:"give_up_after"`
}

// classed are values by class.
type classed[T any] struct {
	OTP           *T `json:"otp"`
	Transactional *T `json:"transactional"`
	Marketing     *T `json:"marketing"`
}

// queue reads how queued messages are sent.
func (d *document) queue(c *Config, f *queueConfig) error {
	var n numbers
	c.Queue = map[provider.Class]Lane{
		provider.OTP: {
			plain(&n, "queue.workers.otp", f.Workers.OTP), span(&n, "queue.give_up_after.otp", f.GiveUpAfter.OTP),
		},
		provider.Transactional: {
			plain(&n, "queue.workers.transactional", f.Workers.Transactional), span(&n, "queue.give_up_after.transactional", f.GiveUpAfter.Transactional),
		},
		provider.Marketing: {
			plain(&n, "queue.workers.marketing", f.Workers.Marketing), span(&n, "queue.give_up_after.marketing", f.GiveUpAfter.Marketing),
		},
	}
	if *f != (queueConfig{}) && c.Ledger.Database == "" {
		return provider.ConfigErrorf("queue", "has no effect without database: a file name, such as anysms.db, or postgres://…")
	}
	return n.err
}
