package webhook_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/webhook"
)

func TestPollInbox(t *testing.T) {
	l := newLab(t, webhook.Options{}, nil)
	in := func(id, text string) provider.Event {
		return provider.Event{Kind: provider.Inbound, ID: id, From: "+306941234567", To: "12345", Text: text}
	}
	l.vendor.Receive(in("1", "hello"), in("2", "STOP"))
	counts, err := webhook.PollInbox(t.Context(), l.ledger, "athens", l.vendor)
	require.NoError(t, err)
	assert.Equal(t, ledger.Recorded{New: 2, OptOuts: 1}, counts)
	l.vendor.Receive(in("3", "START"))
	counts, err = webhook.PollInbox(t.Context(), l.ledger, "athens", l.vendor)
	require.NoError(t, err)
	assert.Equal(t, ledger.Recorded{New: 1, OptOuts: 1}, counts, "it goes on where it was")
}

func TestPollStatus(t *testing.T) {
	l := newLab(t, webhook.Options{}, nil)
	r, err := router.New([]router.Upstream{{Name: "athens", Provider: l.vendor}}, &router.Options{Store: l.ledger, Journal: l.ledger})
	require.NoError(t, err)
	defer r.Close(context.Background())
	result, err := r.Send(t.Context(), &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello"})
	require.NoError(t, err)
	require.NoError(t, l.vendor.SetStatus(result.ID, provider.StatusUndelivered, provider.NoRoute))
	_, err = webhook.PollStatus(t.Context(), l.ledger, "athens", l.vendor, 100)
	require.NoError(t, err)
	page, _, err := l.ledger.Messages(t.Context(), ledger.Filter{})
	require.NoError(t, err)
	assert.Equal(t, ledger.Undelivered, page[0].Status)
}

func TestListen(t *testing.T) {
	l := newLab(t, webhook.Options{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- webhook.Listen(ctx, l.ledger, "athens", l.vendor, func(context.Context, string, ...provider.Event) error {
			cancel()
			return nil
		})
	}()
	l.vendor.Receive(provider.Event{Kind: provider.Inbound, ID: "1", From: "+306941234567", Text: "STOP"})
	require.NoError(t, <-done)
	found := 0
	for o, err := range l.ledger.OptOuts(t.Context(), "") {
		require.NoError(t, err)
		assert.Equal(t, ledger.FromReply, o.Source)
		found++
	}
	assert.Equal(t, 1, found)
}
