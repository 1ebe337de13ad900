package smpp_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp"
	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// A queue sends over an SMSC whose connections break, and goes on in another process.
// What the ledger says of each message in the end is compared with what the SMSC has.
func TestQueue(t *testing.T) {
	const messages = 120
	server := smpptest.NewServer(smpptest.Config{})
	t.Cleanup(server.Close)
	var submits atomic.Int64
	server.OnSubmit(func(smpptest.Message) smpptest.Reply {
		switch n := submits.Add(1); {
		case n%41 == 0:
			return smpptest.Reply{Drop: true} // it has the message
		case n%29 == 0:
			return smpptest.Reply{Status: 0x58}
		}
		return smpptest.Reply{}
	})
	file := filepath.Join(t.TempDir(), "anysms.db")
	window := func(c *smpp.Config) { c.Binds, c.Window = 2, 4 }

	before := start(t, server, file, window)
	q, stop := before.queue()
	items := make([]queue.Item, messages)
	for i := range items {
		text := fmt.Sprintf("message %03d", i)
		if i%2 == 1 {
			text += strings.Repeat(" and so on", 18) // two segments
		}
		items[i].Message = &provider.Message{To: e164.MustParse("+306941234567"), From: "Example", Text: text}
	}
	queued, err := q.EnqueueAll(t.Context(), items...)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return submits.Load() > messages/2 }, 2*time.Minute, time.Millisecond)
	stop()
	before.stop()

	after := start(t, server, file, window)
	defer after.stop()
	q, stop = after.queue()
	for _, one := range queued {
		require.NoError(t, one.Err)
		_, err := q.Wait(within(t, 2*time.Minute), one.ID)
		require.NoError(t, err)
	}
	stop()
	at := make(map[string]int) // first segments
	for _, m := range server.Messages() {
		if m.Segment == 1 {
			at[m.Text[:len("message 000")]]++
		}
		require.Eventually(t, func() bool { return !errors.Is(server.Report(m.ID, smpptest.StateDelivered), smpptest.ErrNoReceiver) },
			30*time.Second, time.Millisecond)
	}
	delivered := 0
	for i, one := range queued {
		m, err := after.ledger.Message(t.Context(), one.ID)
		require.NoError(t, err)
		n := at[fmt.Sprintf("message %03d", i)]
		assert.LessOrEqual(t, n, 1, "message %d", i)
		switch m.Status {
		case ledger.Delivered:
			delivered++
			assert.Equal(t, 1, n, "message %d", i)
		case ledger.Unknown:
		default:
			assert.Fail(t, "wrong status", "message %d is %s, and the SMSC has %d", i, m.Status, n)
		}
	}
	assert.Greater(t, delivered, messages*8/10)
	t.Logf("%d submits, %d connections, %d of %d delivered", submits.Load(), server.Binds(), delivered, messages)
}

// queue runs a queue until stop is called.
func (s *system) queue() (q *queue.Queue, stop func()) {
	s.t.Helper()
	q, err := queue.New(s.ledger, s.router, queue.Options{})
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	return q, func() {
		s.t.Helper()
		cancel()
		require.NoError(s.t, <-ended)
	}
}
