package phonify_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/phonify"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider"
)

func send(t *testing.T, p *phonify.Provider, text string) string {
	t.Helper()
	receipt, err := p.Send(t.Context(), &provider.Message{To: alice, Text: text})
	require.NoError(t, err)
	return receipt.ID
}

// A server that ignores offset sends the same page forever.
func TestWalkEndsWhereThePageComesAgain(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests > 10 {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		_, _ = io.WriteString(w, `{"messages":[{"id":"2"},{"id":"1"}]}`)
	}))
	defer server.Close()
	var ids []string
	var last error
	for m, err := range open(t, server.URL).Client().Messages(t.Context(), 2) {
		if last = err; err == nil {
			ids = append(ids, m.ID)
		}
	}
	require.ErrorIs(t, last, provider.Indeterminate)
	assert.Equal(t, []string{"2", "1"}, ids)
	assert.Equal(t, 2, requests)
}

func TestStatus(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	id := send(t, p, "Hello")
	tests := []struct {
		state string
		want  provider.Status
		final bool
	}{
		{phonify.StateUnconfirmed, provider.StatusAccepted, false},
		{phonify.StateSent, provider.StatusSent, false},
		{phonify.StateError, provider.StatusUndelivered, true},
		{"teleported", provider.StatusUnknown, false},
		{"", provider.StatusUnknown, false},
	}
	for _, tt := range tests {
		t.Run(tt.state, func(t *testing.T) {
			require.True(t, s.SetState(id, tt.state))
			event, err := provider.ReadStatus(t.Context(), p, id)
			require.NoError(t, err)
			assert.Equal(t, tt.want, event.Status)
			assert.Equal(t, tt.final, event.Final)
			assert.Equal(t, tt.state, event.VendorStatus)
			assert.Equal(t, id, event.ID)
			assert.Equal(t, provider.Report, event.Kind)
			assert.Equal(t, alice.String(), event.To)
			assert.Equal(t, phonifytest.Origin, event.From)
		})
	}
}

func TestStatusOfNothing(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	send(t, p, "Hello")
	before := s.Requests()
	_, err := p.Status(t.Context(), "ch_nothing")
	require.ErrorIs(t, err, provider.Rejected)
	assert.Equal(t, before+1, s.Requests())
	for _, id := range []string{"", ".", ".."} {
		_, err := p.Status(t.Context(), id)
		require.ErrorIs(t, err, provider.Rejected)
	}
	assert.Equal(t, before+1, s.Requests(), "an id that is another address is not asked for")

	s.Fail(200, `{"message":{"id":"another"}}`)
	_, err = p.Status(t.Context(), "ch_nothing")
	require.ErrorIs(t, err, provider.Indeterminate)
}

func TestMessagesWalksThePages(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	var sent []string
	for i := range 7 {
		sent = append([]string{send(t, p, fmt.Sprint("text ", i))}, sent...)
	}
	walk := func(pageSize, stopAfter int) (ids []string) {
		for m, err := range p.Client().Messages(t.Context(), pageSize) {
			require.NoError(t, err)
			ids = append(ids, m.ID)
			if len(ids) == stopAfter {
				break
			}
		}
		return ids
	}
	for _, pageSize := range []int{0, 1, 3, 7, 8, phonify.MaxPage} {
		assert.Equal(t, sent, walk(pageSize, 0), "page size %d", pageSize)
	}
	before := s.Requests()
	assert.Len(t, walk(2, 3), 3)
	assert.Equal(t, before+2, s.Requests(), "pages that are not needed are not requested")

	var errs []error
	s.Fail(401, "")
	for _, err := range p.Client().Messages(t.Context(), 3) {
		errs = append(errs, err)
	}
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], provider.Unauthenticated)
}

func TestListBounds(t *testing.T) {
	s := newServer(t)
	c := open(t, s.URL).Client()
	for _, bounds := range [][2]int{{-1, 10}, {0, -1}, {0, phonify.MaxPage + 1}} {
		_, err := c.List(t.Context(), bounds[0], bounds[1])
		require.ErrorIs(t, err, provider.Unsupported)
	}
	assert.Zero(t, s.Requests())
}

func TestMessageIsTyped(t *testing.T) {
	s := newServer(t)
	c := open(t, s.URL).Client()
	s.Fail(200, `{"message":{"id":"ch_1","body":"Hello","to":"+14560000000","state":"sent","created_at":"2030-07-16T07:56:06.902Z",
		"origin":{"number":"1616","country":"US"},"phone":{"number":4560000000,"country":"US","carrier":"att"},"app_id":3}}`)
	m, err := c.Message(t.Context(), "ch_1")
	require.NoError(t, err)
	assert.Contains(t, string(m.Raw), `"app_id":3`)
	m.Raw = nil
	assert.Equal(t, &phonify.Message{
		ID: "ch_1", Body: "Hello", To: "+14560000000", State: phonify.StateSent,
		Origin:    phonify.Party{Number: "1616", Country: "US"},
		Phone:     phonify.Party{Number: "4560000000", Country: "US", Carrier: "att"},
		CreatedAt: time.Date(2030, 7, 16, 7, 56, 6, 902e6, time.UTC),
	}, m)
}

func TestFaultsAreTyped(t *testing.T) {
	s := newServer(t)
	c := open(t, s.URL).Client()
	s.Fail(402, `{"errors":[{"type":"a","title":"b"},{"type":"c","title":"d"}]}`)
	_, err := c.Send(t.Context(), alice, "x")
	var said *phonify.APIError
	require.ErrorAs(t, err, &said)
	assert.Equal(t, &phonify.APIError{HTTPStatus: 402, Faults: []phonify.Fault{{"a", "b"}, {"c", "d"}}}, said)
	assert.ErrorContains(t, err, "b; d")
}

func TestCheck(t *testing.T) {
	s := newServer(t)
	p := open(t, s.URL)
	require.NoError(t, provider.Check(t.Context(), p))
	wrong := open(t, s.URL, func(c *phonify.Config) { c.APIKey = "wrong" })
	require.ErrorIs(t, provider.Check(t.Context(), wrong), provider.Unauthenticated)
	_, err := wrong.Send(t.Context(), &provider.Message{To: alice, Text: "x"})
	require.ErrorIs(t, err, provider.Unauthenticated)
	assert.Empty(t, s.Messages())
}
