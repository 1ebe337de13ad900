package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/anysms/anysms/router"
)

// Hints tells other machines that a provider's breaker opened here, and hears of
// theirs. A hint opens nothing by itself: it makes the first failure of one's own
// suffice ([router.Router.Hint]).
type Hints struct {
	client  redis.UniversalClient
	channel string
	machine string
}

// NewHints makes Hints. The machine's name keeps it from hearing itself.
func NewHints(client redis.UniversalClient, machine string) *Hints {
	return &Hints{client: client, channel: "anysms:hints", machine: machine}
}

type hint struct {
	Machine  string `json:"machine"`
	Provider string `json:"provider"`
}

// Tell publishes an opened breaker; other notices are nothing to tell. It does
// I/O: a program calls it outside Options.OnNotice, which must be quick.
func (h *Hints) Tell(ctx context.Context, n router.Notice) error {
	if n.Kind != router.NoticeBreaker || n.To != router.BreakerOpen {
		return nil
	}
	message, err := json.Marshal(hint{h.machine, n.Provider})
	if err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	if err := h.client.Publish(ctx, h.channel, message).Err(); err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	return nil
}

// Listen passes hints of other machines to the router until the context ends
// or the client is closed. A provider that this router does not have is no fault.
func (h *Hints) Listen(ctx context.Context, r *router.Router) error {
	heard := h.client.Subscribe(ctx, h.channel)
	defer heard.Close()
	if _, err := heard.Receive(ctx); err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case m, ok := <-heard.Channel():
			if !ok {
				return errors.New("redisstore: the client was closed")
			}
			var told hint
			if json.Unmarshal([]byte(m.Payload), &told) != nil || told.Machine == h.machine {
				continue
			}
			_ = r.Hint(told.Provider) // this router need not have it
		}
	}
}
