package ledgertest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// feed returns the types of the changes after seq, and the last.
func (l *lab) feed(from *ledger.Ledger, seq int64) (types []string, last ledger.Change) {
	l.Helper()
	list, err := from.Feed(l.Context(), seq, 100)
	require.NoError(l, err)
	for _, c := range list {
		assert.Greater(l, c.Seq, seq)
		seq = c.Seq
		types, last = append(types, c.Type), c
	}
	return types, last
}

func testFeed(l *lab) {
	l.send("silent", "athens", provider.OutcomeAccepted, "A0")
	types, _ := l.feed(l.Ledger, 0)
	assert.Empty(l, types, "it is off by default")

	silent := l.Ledger
	l.Ledger = l.open(ledger.Options{Feed: true, Namespace: "shop"})
	start, err := l.FeedEnd(l.Context())
	require.NoError(l, err)
	l.send("one", "athens", provider.OutcomeAccepted, "A1")
	l.record("athens", report("A1", provider.StatusSent))
	l.record("athens", report("A1", provider.StatusSent))
	types, sent := l.feed(silent, start)
	assert.Equal(l, []string{"message.accepted", "message.sent"}, types, "a repeated report changes nothing")
	assert.Equal(l, "shop", sent.Namespace)
	assert.Equal(l, "one", sent.Message.Ref)
	assert.WithinDuration(l, time.Now(), sent.At, time.Minute)

	l.record("athens", report("A1", provider.StatusDelivered))
	list, err := l.Feed(l.Context(), start, 1)
	require.NoError(l, err)
	require.Len(l, list, 1)
	assert.Equal(l, ledger.Accepted, list[0].Message.Status, "as it was then")

	types, got := l.feed(l.Ledger, sent.Seq)
	assert.Equal(l, []string{"message.delivered"}, types)
	assert.Equal(l, ledger.Delivered, got.Message.Status)

	l.record("athens", provider.Event{Kind: provider.Inbound, ID: "in1", From: number, To: "12345", Text: "STOP", InReplyTo: "A1"})
	_, err = l.OptIn(l.Context(), number)
	require.NoError(l, err)
	list, err = l.Feed(l.Context(), got.Seq, 100)
	require.NoError(l, err)
	require.Len(l, list, 3)
	assert.Equal(l, "message.received", list[0].Type)
	assert.Equal(l, "STOP", list[0].Event.Text)
	assert.Equal(l, "shop", list[0].Namespace, "a reply belongs to the message that it replies to")
	assert.Equal(l, "one", list[0].Message.Ref)
	assert.Equal(l, "optout.added", list[1].Type)
	assert.Equal(l, number, list[1].OptOut.Number)
	assert.Equal(l, ledger.FromReply, list[1].OptOut.Source)
	assert.Equal(l, "optout.removed", list[2].Type)
	end, err := l.FeedEnd(l.Context())
	require.NoError(l, err)
	assert.Equal(l, list[2].Seq, end)
}

func testFeedPruned(l *lab) {
	l.Ledger = l.open(ledger.Options{Feed: true})
	l.send("one", "athens", provider.OutcomeAccepted, "A1")
	l.send("two", "athens", provider.OutcomeNotSent, "")
	_, last := l.feed(l.Ledger, 0)
	short := l.open(ledger.Options{Retention: time.Nanosecond, Feed: true})
	for range 2 { // the second time there is nothing to delete
		_, err := short.Prune(l.Context())
		require.NoError(l, err)
	}
	_, err := l.Feed(l.Context(), 0, 10)
	require.ErrorIs(l, err, ledger.ErrPruned)
	list, err := l.Feed(l.Context(), last.Seq, 10)
	require.NoError(l, err)
	assert.Empty(l, list)
	end, err := l.FeedEnd(l.Context())
	require.NoError(l, err)
	assert.Equal(l, last.Seq, end)
	l.send("three", "athens", provider.OutcomeUnknown, "")
	types, next := l.feed(l.Ledger, last.Seq)
	assert.Equal(l, []string{"message.unknown"}, types)
	assert.Greater(l, next.Seq, last.Seq)
}
