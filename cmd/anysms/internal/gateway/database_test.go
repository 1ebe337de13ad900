package gateway_test

import (
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

// TestDatabaseIsLocked lets another program lock the database: messages are refused with
// 503, and taken again when it is done, without a restart.
func TestDatabaseIsLocked(t *testing.T) {
	t.Parallel() // it waits for the lock
	l := open(t, "{}")
	l.send("", "before")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(filepath.Dir(l.path), "anysms.db")+"?_pragma=busy_timeout(60000)")
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	locked := l.call("", "POST", "/v1/messages", hello, "Idempotency-Key", "locked")
	assert.Equal(t, http.StatusServiceUnavailable, locked.status, "%s", locked.body)
	assert.Equal(t, "unavailable", locked.get("code"))
	assert.NotEmpty(t, locked.header.Get("Retry-After"))
	assert.Equal(t, http.StatusServiceUnavailable, l.call("", "GET", "/readyz", "").status)
	assert.Equal(t, http.StatusOK, l.call("", "GET", "/healthz", "").status)
	assert.Equal(t, http.StatusOK, l.call("", "GET", "/v1/messages?ref=before", "").status, "it can be read")
	_, err = db.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	l.send("", "locked")
	assert.Equal(t, http.StatusOK, l.call("", "GET", "/readyz", "").status)
	assert.Len(t, l.vendor.Messages(), 2)
}

// TestDatabaseComesBack takes PostgreSQL away and gives it back: what was taken is sent, and
// nothing needs a restart, neither the queue nor a stream of events.
func TestDatabaseComesBack(t *testing.T) {
	address, err := url.Parse(postgrestest.Schema(t))
	require.NoError(t, err)
	link := newLink(t, address)
	address.Host = link.Addr().String()
	q := address.Query()
	q.Del("host") // else it overrides that of the address
	q.Del("port")
	address.RawQuery = q.Encode()
	l := &lab{T: t, database: address.String()}
	l.open("{}")
	events := l.stream("")
	l.send("", "before")
	require.Equal(t, "before", events.next().get("data.ref"))

	for round := range 2 {
		ref := fmt.Sprint("later", round)
		queued := l.call("", "POST", "/v1/messages", fmt.Sprintf(`{"to":"+306900000001","text":"Hello","ref":%q,"send_at":%q}`,
			ref, time.Now().Add(2*time.Second).Format(time.RFC3339Nano)))
		require.Equal(t, http.StatusAccepted, queued.status, "%s", queued.body)
		link.cut()
		lost := l.call("", "POST", "/v1/messages", hello, "Idempotency-Key", fmt.Sprint("lost", round))
		assert.Equal(t, http.StatusServiceUnavailable, lost.status, "%s", lost.body)
		assert.Equal(t, "unavailable", lost.get("code"))
		assert.Equal(t, http.StatusServiceUnavailable, l.call("", "GET", "/readyz", "").status)
		assert.Equal(t, http.StatusOK, l.call("", "GET", "/healthz", "").status)
		link.mend()
		for end := time.Now().Add(time.Minute); l.call("", "GET", "/readyz", "").status != http.StatusOK; {
			require.True(t, time.Now().Before(end), "it is ready again")
		}
		l.send("", fmt.Sprint("lost", round))
		var status any = "queued"
		for end := time.Now().Add(time.Minute); (status == "queued" || status == "sending") && time.Now().Before(end); {
			status = l.call("", "GET", "/v1/messages?ref="+ref, "").get("items.0.status")
		}
		assert.Contains(t, []any{"accepted", "unknown"}, status, "unknown if the cut came while it was sent")
		assert.LessOrEqual(t, len(l.vendor.Messages()), 3+2*round)
	}
	seen := map[any]bool{}
	for len(seen) < 4 {
		e := events.next()
		require.NotEmpty(t, e.kind, "%v", seen)
		seen[e.get("data.ref")] = true
	}
	assert.Equal(t, map[any]bool{"later0": true, "lost0": true, "later1": true, "lost1": true}, seen)
}

// link is a network to a server that can be cut.
type link struct {
	net.Listener
	to string

	mu   sync.Mutex
	down bool
	open []net.Conn
}

func newLink(t *testing.T, to *url.URL) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &link{Listener: listener, to: to.Host}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			work.Go(func() { l.carry(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		l.cut()
		work.Wait()
	})
	return l
}

func (l *link) carry(conn net.Conn) {
	defer conn.Close()
	server, err := net.Dial("tcp", l.to)
	if err != nil {
		return
	}
	defer server.Close()
	if !l.enter(conn, server) {
		return
	}
	var work sync.WaitGroup
	work.Go(func() {
		_, _ = io.Copy(server, conn)
		server.Close()
	})
	_, _ = io.Copy(conn, server)
	conn.Close()
	work.Wait()
}

func (l *link) enter(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = append(l.open, conns...)
	return !l.down
}

// cut ends all connections, and new ones at once.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for _, conn := range l.open {
		conn.Close()
	}
	l.open = nil
}

func (l *link) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}
