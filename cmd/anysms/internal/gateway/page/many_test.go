package page_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/router/ledger"
)

const (
	// envMany is how many messages TestManyMessages has; default a million.
	envMany = "ANYSMS_MESSAGES"
	// envManyIn is the directory of its database, which is kept for the next run.
	envManyIn = "ANYSMS_MESSAGES_IN"
)

// TestManyMessages shows a ledger of many messages over thirty days, which are written
// straight into the tables, and prints how long each view takes. It fails where a view
// shows something wrong; how long is for the reader.
func TestManyMessages(t *testing.T) {
	if os.Getenv("ANYSMS_LONG") == "" {
		t.Skip("ANYSMS_LONG is not set")
	}
	many := 1_000_000
	if s := os.Getenv(envMany); s != "" {
		_, err := fmt.Sscan(s, &many)
		require.NoError(t, err)
	}
	dir := cmp.Or(os.Getenv(envManyIn), t.TempDir())
	start := time.Now()
	l := newLabIn(t, &settings.Serve{Keys: keys()}, dir, 0)
	t.Logf("opened in %v", time.Since(start).Round(time.Millisecond))
	const pragmas = "?_pragma=busy_timeout(10000)&_pragma=synchronous(off)&_pragma=cache_size(-1000000)" // a gigabyte
	db, err := sql.Open("sqlite", "file:"+filepath.Join(l.dir, "anysms.db")+pragmas)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	defer db.Close()
	if found, err := l.ledger.Search(t.Context(), ledger.Filter{Namespace: ledger.AllNamespaces, Limit: 1}, 0); err != nil || len(found.Messages) == 0 {
		require.NoError(t, err)
		start = time.Now()
		insertMany(t, db, many)
		t.Logf("%d messages inserted in %v", many, time.Since(start).Round(time.Millisecond))
	}

	start = time.Now()
	require.NoError(t, l.ledger.SumUp(t.Context(), time.Now().AddDate(0, 0, -91), time.Now().Add(-30*time.Minute)))
	t.Logf("summed up in %v", time.Since(start).Round(time.Millisecond))

	b, shop := l.as(opsKey), l.as(otherKey)
	for _, v := range []struct {
		who  *browser
		path string
		rows int
	}{
		{b, "/", 50},
		{b, "/?status=delivered", 50},
		{b, "/?status=unknown", 50},
		{b, "/?status=cancelled", 0},
		{b, "/?to=%2B306941000017", 1},
		{b, "/?ref=ref-17", 1},
		{b, "/?provider=usa", 50},
		{b, "/?provider=nobody", 0},
		{b, "/?tag=rare", 10},
		{b, "/?class=marketing", 0},
		{b, "/?since=" + time.Now().AddDate(0, 0, -1).UTC().Format(time.DateOnly), 50},
		{b, "/?tag=rare&status=unknown", 10},
		{b, "/?tag=parcel&provider=nobody", 0},
		{b, "/?status=delivered&provider=nobody", 0},
		{b, "/?status=unknown&class=marketing&provider=usa", 0},
		{b, "/?tag=none&since=" + time.Now().AddDate(0, 0, -1).UTC().Format(time.DateOnly), 0},
		{shop, "/", 0},
		{b, "/unknown", 50},
		{b, "/optouts", 0},
		{b, "/providers", 0},
		{b, "/costs?days=7", 0},
		{b, "/costs?days=30", 0},
	} {
		var took []time.Duration
		for range 3 {
			start := time.Now()
			got := v.who.get(v.path)
			took = append(took, time.Since(start).Round(100*time.Microsecond))
			require.Equal(t, http.StatusOK, got.status, v.path)
			if strings.Contains(got.body, "Search older ones") || strings.Contains(got.body, "being summed up") {
				continue
			}
			assert.Equal(t, v.rows, strings.Count(got.body, `<a href="/messages/`), v.path)
		}
		name, _ := url.QueryUnescape(v.path)
		t.Logf("%-45s first %9v, best %9v", name, took[0], slices.Min(took))
	}
	// The last page, as somebody reaches it who follows the links.
	start = time.Now()
	assert.Equal(t, 10, strings.Count(b.get("/?cursor="+lowID(t, db)).body, `<a href="/messages/`))
	t.Logf("%-45s %v", "the last page", time.Since(start).Round(100*time.Microsecond))
}

// insertMany writes messages and an attempt for each, in transactions that keep the log of
// the database short.
func insertMany(t *testing.T, db *sql.DB, many int) {
	t.Helper()
	const step = 250_000
	for from := 0; from < many; from += step {
		insertSome(t, db, from+1, min(from+step, many), many)
	}
}

// insertSome writes some of many messages, with ids that begin with their times as those of
// the ledger do.
func insertSome(t *testing.T, db *sql.DB, from, to, many int) {
	t.Helper()
	const when = `(1000 * (strftime('%s','now') - 2592000) + i * 2592000000 / ?)` // milliseconds, over thirty days
	const uuid = `substr(printf('%012x', ms), 1, 8) || '-' || substr(printf('%012x', ms), 9, 4) || '-7000-8000-' || printf('%012x', i)`
	const numbers = `WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?), t AS (SELECT i, ` + when + ` AS ms FROM n) `
	_, err := db.ExecContext(t.Context(), numbers+`INSERT INTO anysms_messages (id, namespace, ref, status, code, reason, recipient, sender, body, class, tag, country,
		provider, provider_id, encoding, segments, cost_micros, cost_currency, cost_estimated, duplicate_possible, ignored, created_at, updated_at,
		last_attempt_at, concluded, cancelled)
		SELECT 'msg_' || `+uuid+`, 'shop', 'ref-' || i, CASE WHEN i % 1000 = 0 THEN 'unknown' WHEN i % 20 = 0 THEN 'undelivered' ELSE 'delivered' END, '', '',
		'+306941' || printf('%06d', i), 'Example', '', 'transactional', CASE WHEN i % ? = 0 THEN 'rare' ELSE 'parcel' END,
		CASE i % 3 WHEN 0 THEN 'GR' WHEN 1 THEN 'DE' ELSE 'US' END, CASE i % 4 WHEN 0 THEN 'usa' ELSE 'athens' END, 'v' || i, 'gsm7', 1, 41000, 'EUR', 0, 0, '',
		1000 * ms, 1000 * ms, 1000 * ms, 'accepted', 0 FROM t`, from, to, many, many/10)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), numbers+`INSERT INTO anysms_attempts (id, message, provider, outcome, settled, contradicted, code, vendor_code, reason,
		provider_id, started_at, duration_us, reconciled, run, owner, abandoned)
		SELECT 'att_' || `+uuid+`, 'msg_' || `+uuid+`, CASE i % 4 WHEN 0 THEN 'usa' ELSE 'athens' END, 'accepted', 'accepted', 0, '', '', '', 'v' || i, 1000 * ms, 90000, 0, '', '', 0
		FROM t`, from, to, many)
	require.NoError(t, err)
}

// lowID is the id that ten messages are below.
func lowID(t *testing.T, db *sql.DB) (id string) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT id FROM anysms_messages ORDER BY id LIMIT 1 OFFSET 10`).Scan(&id))
	return id
}
