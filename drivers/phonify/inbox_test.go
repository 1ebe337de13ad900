package phonify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
)

const ours = "+14560009999"

func ownNumbers(c *phonify.Config) { c.OwnNumbers = []string{"14560009999"} }

func texts(events []provider.Event) []string {
	var texts []string
	for _, e := range events {
		texts = append(texts, e.Text)
	}
	return texts
}

func TestInbox(t *testing.T) {
	now := time.Date(2030, 7, 16, 7, 0, 0, 0, time.UTC)
	s := phonifytest.NewServer(phonifytest.Options{Now: func() time.Time { return now }})
	defer s.Close()
	p := open(t, s.URL, ownNumbers)

	events, cursor, err := provider.ReadInbox(t.Context(), p, "")
	require.NoError(t, err)
	assert.Empty(t, events)
	assert.Empty(t, cursor)

	send(t, p, "to a person")
	id := s.Receive("+14560000001", ours, "first")
	s.Receive("+14560000002", ours, "second, of the same time")
	now = now.Add(time.Second)
	s.Receive("+14560000001", "+14560008888", "to somebody else's number")
	events, cursor, err = provider.ReadInbox(t.Context(), p, cursor)
	require.NoError(t, err)
	require.Equal(t, []string{"first", "second, of the same time"}, texts(events))
	first := events[0]
	assert.Equal(t, provider.Inbound, first.Kind)
	assert.Equal(t, id, first.ID)
	assert.Equal(t, "+14560000001", first.From)
	assert.Equal(t, ours, first.To)
	assert.Equal(t, now.Add(-time.Second), first.At)
	assert.Contains(t, string(first.Raw), id)

	again, same, err := provider.ReadInbox(t.Context(), p, cursor)
	require.NoError(t, err)
	assert.Empty(t, again)
	assert.Equal(t, cursor, same)

	s.Receive("+14560000001", ours, "third, of the cursor's time")
	now = now.Add(time.Second)
	for i := range 250 {
		s.Receive("+14560000001", ours, fmt.Sprint("many ", i))
	}
	events, cursor, err = provider.ReadInbox(t.Context(), p, cursor)
	require.NoError(t, err)
	require.Len(t, events, 251)
	assert.Equal(t, "third, of the cursor's time", events[0].Text)
	assert.Equal(t, "many 249", events[250].Text)

	s.Fail(500, "")
	_, next, err := provider.ReadInbox(t.Context(), p, cursor)
	require.Error(t, err)
	assert.Equal(t, cursor, next, "a failed poll loses nothing")
}

func TestInboxNeedsOwnNumbers(t *testing.T) {
	s := newServer(t)
	_, _, err := provider.ReadInbox(t.Context(), open(t, s.URL), "")
	require.ErrorIs(t, err, provider.Unsupported)
	assert.Zero(t, s.Requests())
}

func TestInboxFromOrigin(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL, ownNumbers, func(c *phonify.Config) { c.InboundFrom = phonify.InboundFromOrigin })
	s.Fail(200, `[{"id":"1","to":"`+ours+`","body":"x","origin":{"number":"1717","country":"US"},"phone":{"number":"2","carrier":"att"}}]`)
	events, _, err := p.Inbox(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, "1717", events[0].From)
	assert.Equal(t, map[string]string{"country": "US"}, events[0].Extra)
}

func TestInboxWithoutTimes(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL, ownNumbers)
	old := `{"id":"1","to":"` + ours + `","body":"one"},{"id":"0","to":"` + ours + `","body":"zero"}`
	s.Fail(200, "["+old+"]")
	events, cursor, err := p.Inbox(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, []string{"zero", "one"}, texts(events))
	s.Fail(200, `[{"id":"2","to":"`+ours+`","body":"two"},`+old+"]")
	events, _, err = p.Inbox(t.Context(), cursor)
	require.NoError(t, err)
	assert.Equal(t, []string{"two"}, texts(events))
}

func TestForeignCursor(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL, ownNumbers)
	for _, cursor := range []string{"17", "2030-07-16T07:00:00Z", " ", "soon ch_1"} {
		_, next, err := p.Inbox(t.Context(), cursor)
		require.ErrorIs(t, err, provider.Rejected)
		assert.Equal(t, cursor, next)
	}
	assert.Zero(t, s.Requests())
}
