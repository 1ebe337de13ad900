package gateway_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stream is a stream of server-sent events.
type stream struct {
	t      *testing.T
	status int
	lines  *bufio.Scanner
	close  func()
}

type event struct{ id, kind, data string }

func (e event) get(path string) any { return answer{body: []byte(e.data)}.get(path) }

// stream opens a stream, which ends with the test.
func (l *lab) stream(client string, header ...string) *stream {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), 2*time.Minute)
	r, err := http.NewRequestWithContext(ctx, "GET", l.url+"/v1/events", nil)
	require.NoError(l, err)
	if client != "" {
		r.Header.Set("Authorization", "Bearer "+keyOf(client))
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := l.client.Do(r)
	require.NoError(l, err)
	s := &stream{t: l.T, status: resp.StatusCode, lines: bufio.NewScanner(resp.Body)}
	s.close = func() { cancel(); resp.Body.Close() }
	l.Cleanup(s.close)
	if s.status == 200 {
		assert.Equal(l, "text/event-stream", resp.Header.Get("Content-Type"))
	}
	return s
}

// next returns the next event; an empty one = the stream has ended.
func (s *stream) next() (e event) {
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch name {
		case "id":
			e.id = value
		case "event":
			e.kind = value
		case "data":
			e.data = value
		}
		if s.lines.Text() == "" && e.data != "" {
			return e
		}
	}
	return e
}

func TestEvents(t *testing.T) {
	l := open(t, keys(key("shop", "scopes: [send, read]"), key("other", "scopes: [send, read]"), key("root", "scopes: [admin, all]")))
	mine, all := l.stream("shop"), l.stream("root")
	l.send("other", "theirs")
	id := l.send("shop", "mine")
	first := mine.next()
	assert.Equal(t, "message.accepted", first.kind)
	assert.Equal(t, id, first.get("data.id"), "only its own")
	assert.Equal(t, "message.accepted", first.get("type"))
	assert.NotEmpty(t, first.get("timestamp"))
	assert.Equal(t, "theirs", all.next().get("data.ref"))
	assert.Equal(t, "mine", all.next().get("data.ref"))
	mine.close()

	require.True(t, l.vendor.SetState(l.vendor.Messages()[1].ID, "delivered"))
	again := l.stream("shop", "Last-Event-ID", first.id)
	l.send("shop", "second")
	e := again.next()
	assert.Equal(t, "second", e.get("data.ref"), "nothing is repeated, nothing skipped")

	l.call("root", "PUT", "/v1/optouts/+306900000009", `{}`)
	for e = all.next(); e.kind != "optout.added"; e = all.next() {
		require.NotEmpty(t, e.kind)
	}
	assert.Equal(t, "+306900000009", e.get("data.number"))
	l.call("root", "DELETE", "/v1/optouts/+306900000009", "")
	assert.Equal(t, "optout.removed", all.next().kind)

	code := l.call("other", "POST", "/v1/messages?wait=30s", `{"to":"+306900000001","text":"Your code is 4711","class":"otp"}`)
	require.Equal(t, "accepted", code.get("status"), "%s", code.body)
	shown := l.call("root", "GET", "/v1/messages/"+code.get("id").(string), "")
	e = all.next()
	assert.Equal(t, code.get("id"), e.get("data.id"))
	for _, text := range []string{string(code.body), string(shown.body), e.data} {
		assert.NotContains(t, text, "4711", "the texts of codes are shown to nobody")
	}

	l.stop()
	assert.Empty(t, again.next().kind, "it ends with the gateway")
}

// TestEventsBelowRetention comes back after events have been deleted.
func TestEventsBelowRetention(t *testing.T) {
	l := open(t, "{}")
	all := l.stream("")
	l.send("", "first")
	l.send("", "second")
	first, second := all.next(), all.next()
	l.stop()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(filepath.Dir(l.path), "anysms.db"))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "UPDATE anysms_feed SET at = 1")
	require.NoError(t, err)
	l.start() // deletes what is old at once, in the background
	status := 0
	for end := time.Now().Add(time.Minute); status != http.StatusGone && time.Now().Before(end); {
		s := l.stream("", "Last-Event-ID", first.id)
		status = s.status
		s.close()
	}
	assert.Equal(t, http.StatusGone, status)
	again := l.stream("", "Last-Event-ID", second.id)
	require.Equal(t, http.StatusOK, again.status)
	l.send("", "third")
	assert.Equal(t, "third", again.next().get("data.ref"))
}

// endpoint is a program that gets webhooks.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	status func(ref string, tries int) int
	tries  map[string]int // by webhook-id
	taken  []event        // each once, as a stop of the gateway may repeat those under way
	wrong  []error
}

const webhookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

func newEndpoint(t *testing.T, status func(ref string, tries int) int) *endpoint {
	e := &endpoint{status: status, tries: make(map[string]int)}
	verify, err := standardwebhooks.NewWebhook(webhookSecret)
	require.NoError(t, err)
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got := event{id: r.Header.Get("webhook-id"), data: string(body)}
		e.mu.Lock()
		defer e.mu.Unlock()
		if err := verify.Verify(body, r.Header); err != nil {
			e.wrong = append(e.wrong, err)
		}
		e.tries[got.id]++
		ref, _ := got.get("data.ref").(string)
		status := e.status(ref, e.tries[got.id])
		if status < 300 && !slices.ContainsFunc(e.taken, func(known event) bool { return known.id == got.id }) {
			got.kind, _ = got.get("type").(string)
			e.taken = append(e.taken, got)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) list() (kinds []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range e.taken {
		kinds = append(kinds, fmt.Sprint(t.get("data.ref"), " ", t.kind))
	}
	return kinds
}

func TestWebhooks(t *testing.T) {
	t.Parallel() // it waits for the first pause
	good := newEndpoint(t, func(string, int) int { return 204 })
	failing := newEndpoint(t, func(ref string, tries int) int {
		if ref == "bad" && tries == 1 {
			return 500
		}
		return 200
	})
	moved := newEndpoint(t, func(string, int) int { return 302 })
	serve := fmt.Sprintf(`{webhooks: [{url: %[1]q, secret: %[4]q, allow_private: true}, {url: %[2]q, secret: %[4]q, allow_private: true, events: [accepted, cancelled]},
    {url: %[3]q, secret: %[4]q, allow_private: true}, {url: "https://127.0.0.1:1", secret: %[4]q}]}`, good.URL+"/a", failing.URL, moved.URL, webhookSecret)
	l := open(t, serve)
	l.send("", "bad")
	l.send("", "fine")
	a := l.call("", "POST", "/v1/messages", `{"to":"+306900000004","text":"later","ref":"later","send_at":"2099-01-01T00:00:00Z"}`)
	l.call("", "POST", "/v1/messages/"+a.get("id").(string)+"/cancel", "")
	l.eventually("all events", func() bool { return len(good.list()) == 3 })
	assert.ElementsMatch(t, []string{"bad message.accepted", "fine message.accepted", "later message.cancelled"}, good.list())
	l.eventually("the others pass the one that fails", func() bool { return len(failing.list()) >= 2 })
	if list := failing.list(); len(list) == 2 { // else the machine was slower than the pause
		assert.ElementsMatch(t, []string{"fine message.accepted", "later message.cancelled"}, list)
	}
	l.eventually("redirects are not followed", func() bool {
		moved.mu.Lock()
		defer moved.mu.Unlock()
		return len(moved.tries) >= 3
	})

	l.stop() // the event that is to be tried again is in the ledger
	l.start()
	l.eventually("after 5 seconds", func() bool { return len(failing.list()) == 3 })
	assert.Contains(t, failing.list(), "bad message.accepted")
	for _, e := range []*endpoint{good, failing, moved} {
		e.mu.Lock()
		assert.Empty(t, e.wrong, "the signature")
		e.mu.Unlock()
	}
	l.send("", "after")
	l.eventually("it goes on where it was", func() bool { return len(good.list()) == 4 })
	assert.Equal(t, "after message.accepted", good.list()[3])
}
