package zoomconnect_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/zoomconnect"
	"github.com/anysms/anysms/drivers/zoomconnect/zoomconnecttest"
	"github.com/anysms/anysms/provider"
)

const ours = "+27980000000"

// clock is the vendor's, moved by the test.
type clock struct{ now time.Time }

func (c *clock) server(t *testing.T) *zoomconnecttest.Server {
	t.Helper()
	s := zoomconnecttest.NewServer(zoomconnecttest.Options{Now: func() time.Time { return c.now }})
	t.Cleanup(s.Close)
	return s
}

func texts(events []provider.Event) []string {
	texts := []string{}
	for _, e := range events {
		texts = append(texts, e.Text)
	}
	return texts
}

func TestInbox(t *testing.T) {
	c := &clock{time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)}
	s := c.server(t)
	p := open(t, s.URL)
	cursor := ""
	poll := func() []string {
		t.Helper()
		events, next, err := provider.ReadInbox(t.Context(), p, cursor)
		require.NoError(t, err)
		cursor = next
		return texts(events)
	}
	assert.Empty(t, poll())
	assert.Empty(t, cursor)

	sent := send(t, p, provider.Message{Ref: "order-17", Tag: "spring"})
	id := s.Receive("+27820000001", ours, "yes", sent)
	events, _, err := provider.ReadInbox(t.Context(), p, "")
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.NotEmpty(t, events[0].Raw)
	events[0].Raw = nil
	assert.Equal(t, provider.Event{
		Kind: provider.Inbound, ID: id, Ref: "order-17", At: c.now, Segments: 1,
		From: "+27820000001", To: ours, Text: "yes", InReplyTo: sent, Extra: map[string]string{"campaign": "spring"},
	}, events[0])

	assert.Equal(t, []string{"yes"}, poll())
	assert.Empty(t, poll())
	s.Receive("+27820000002", ours, "same moment", "")
	assert.Equal(t, []string{"same moment"}, poll())

	c.now = c.now.Add(-10 * time.Minute)
	s.Receive("+27820000002", ours, "listed late", "")
	c.now = c.now.Add(11 * time.Minute)
	s.Receive("+27820000002", ours, "after", "")
	assert.Equal(t, []string{"listed late", "after"}, poll())
	assert.Empty(t, poll())

	c.now = c.now.Add(26 * time.Hour)
	want := []string{}
	for i := range 2*zoomconnect.DefaultPageSize + 1 {
		c.now = c.now.Add(time.Second)
		want = append(want, fmt.Sprint("many ", i))
		s.Receive("+27820000002", ours, want[i], "")
	}
	assert.Equal(t, want, poll(), "all pages, the oldest first")
	assert.Empty(t, poll())
	c.now = c.now.Add(72 * time.Hour)
	assert.Empty(t, poll(), "a day without messages")
	s.Receive("+27820000002", ours, "the last", "")
	assert.Equal(t, []string{"the last"}, poll())
}

func TestInboxFailsWithoutLoss(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	for range zoomconnect.DefaultPageSize + 1 {
		s.Receive("+27820000002", ours, "x", "")
	}
	_, cursor, err := p.Inbox(t.Context(), "")
	require.NoError(t, err)
	s.Receive("+27820000002", ours, "new", "")
	s.Fail(500, "")
	events, next, err := p.Inbox(t.Context(), cursor)
	require.Error(t, err)
	assert.Nil(t, events)
	assert.Equal(t, cursor, next)
	events, _, err = p.Inbox(t.Context(), cursor)
	require.NoError(t, err)
	assert.Equal(t, []string{"new"}, texts(events))
}

func TestInboxWithoutTimes(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	page := func(ids ...string) string {
		list := ""
		for _, id := range ids {
			list += `,{"messageId":"` + id + `","messageType":"INBOUND","message":"` + id + `","dateTimeReceived":"soon"}`
		}
		return `{"page":1,"totalPages":1,"webServiceMessages":[` + list[1:] + `]}`
	}
	s.Fail(200, page("1", "2", "2"))
	events, cursor, err := p.Inbox(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "2"}, texts(events))
	s.Fail(200, page("1", "2", "3"))
	events, _, err = p.Inbox(t.Context(), cursor)
	require.NoError(t, err)
	assert.Equal(t, []string{"3"}, texts(events))
}

func TestForeignCursor(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	for _, cursor := range []string{"17", " ", "soon 1"} {
		_, next, err := p.Inbox(t.Context(), cursor)
		require.ErrorIs(t, err, provider.Rejected)
		assert.Equal(t, cursor, next)
	}
	assert.Zero(t, s.Requests())
}
