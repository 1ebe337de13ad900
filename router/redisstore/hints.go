package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/anysms/anysms/router"
)

// Hints tells other machines that a provider's breaker has opened, and receives the
// same from them. A hint opens no breaker by itself: it makes one failure enough
// ([router.Router.Hint]).
type Hints struct {
	client  redis.UniversalClient
	channel string
	machine string
}

// NewHints returns Hints. The machine's name must be unique: a machine ignores its
// own hints.
func NewHints(client redis.UniversalClient, machine string) *Hints {
	return &Hints{client: client, channel: "anysms:hints", machine: machine}
}

type hint struct {
	Machine  string `json:"machine"`
	Provider string `json:"provider"`
}

// Tell publishes that a breaker has opened, and ignores other notices. It does
// I/O, so do not call it in Options.OnNotice itself, which must be quick.
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

// Listen passes the hints of other machines to the router until the context ends
// or the client is closed. Hints about providers that this router does not have
// are ignored.
func (h *Hints) Listen(ctx context.Context, r *router.Router) error {
	messages := h.client.Subscribe(ctx, h.channel)
	defer messages.Close()
	if _, err := messages.Receive(ctx); err != nil {
		return fmt.Errorf("redisstore: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case m, ok := <-messages.Channel():
			if !ok {
				return errors.New("redisstore: the client was closed")
			}
			var received hint
			if json.Unmarshal([]byte(m.Payload), &received) != nil || received.Machine == h.machine {
				continue
			}
			_ = r.Hint(received.Provider) // this router may not have the provider
		}
	}
}
