package gateway_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
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
	network, address := postgrestest.NewNetwork(t, postgrestest.Schema(t))
	l := &lab{T: t, database: address}
	l.open("{}")
	events := l.stream("")
	l.send("", "before")
	require.Equal(t, "before", events.next().get("data.ref"))

	for round := range 2 {
		ref := fmt.Sprint("later", round)
		queued := l.call("", "POST", "/v1/messages", fmt.Sprintf(`{"to":"+306900000001","text":"Hello","ref":%q,"send_at":%q}`,
			ref, time.Now().Add(2*time.Second).Format(time.RFC3339Nano)))
		require.Equal(t, http.StatusAccepted, queued.status, "%s", queued.body)
		network.Down()
		lost := l.call("", "POST", "/v1/messages", hello, "Idempotency-Key", fmt.Sprint("lost", round))
		assert.Equal(t, http.StatusServiceUnavailable, lost.status, "%s", lost.body)
		assert.Equal(t, "unavailable", lost.get("code"))
		assert.Equal(t, http.StatusServiceUnavailable, l.call("", "GET", "/readyz", "").status)
		assert.Equal(t, http.StatusOK, l.call("", "GET", "/healthz", "").status)
		network.Up()
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
