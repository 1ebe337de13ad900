package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

// TestIdempotencyAtOnce posts two texts under one key from many connections at once: one text
// wins, it is sent once, and all is remembered after a restart.
func TestIdempotencyAtOnce(t *testing.T) {
	const each = 12
	l := open(t, "{}")
	type posted struct {
		status   int
		replayed bool
		id       string
	}
	texts := []string{"Hello", "Bye"}
	got := make([]map[posted]int, len(texts))
	var mu sync.Mutex
	var work sync.WaitGroup
	for i, text := range texts {
		got[i] = make(map[posted]int)
		for range each {
			work.Go(func() {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.url+"/v1/messages",
					strings.NewReader(fmt.Sprintf(`{"to":"+306900000001","text":%q}`, text)))
				if !assert.NoError(t, err) {
					return
				}
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Idempotency-Key", "at-once")
				resp, err := l.client.Do(r)
				if !assert.NoError(t, err) {
					return
				}
				defer resp.Body.Close()
				var body struct{ ID string }
				assert.NoError(t, json.NewDecoder(resp.Body).Decode(&body))
				mu.Lock()
				defer mu.Unlock()
				got[i][posted{resp.StatusCode, resp.Header.Get("Idempotency-Replayed") == "true", body.ID}]++
			})
		}
	}
	work.Wait()

	won := 0
	if got[0][posted{status: http.StatusConflict}] > 0 {
		won = 1
	}
	assert.Equal(t, map[posted]int{{status: http.StatusConflict}: each}, got[1-won], "the other text")
	require.Len(t, got[won], 2, "%v", got[won])
	id := ""
	for p, n := range got[won] {
		assert.Equal(t, http.StatusAccepted, p.status)
		assert.Equal(t, map[bool]int{false: 1, true: each - 1}[p.replayed], n)
		assert.Contains(t, []string{"", p.id}, id, "one message")
		id = p.id
	}

	l.stop()
	l.start()
	again := l.call("", "POST", "/v1/messages?wait=30s", fmt.Sprintf(`{"to":"+306900000001","text":%q}`, texts[won]), "Idempotency-Key", "at-once")
	assert.Equal(t, id, again.get("id"))
	assert.Equal(t, "accepted", again.get("status"), "%s", again.body)
	other := l.call("", "POST", "/v1/messages", fmt.Sprintf(`{"to":"+306900000001","text":%q}`, texts[1-won]), "Idempotency-Key", "at-once")
	assert.Equal(t, http.StatusConflict, other.status)
	assert.Len(t, l.vendor.Messages(), 1)
}

const (
	hello = `{"to":"+306900000001","text":"Hello"}`
	bye   = `{"to":"+306900000001","text":"Bye"}`
)

// TestIdempotencyEnds lets the time of a key pass: then it is free, for another text too,
// and the message that had it is still there.
func TestIdempotencyEnds(t *testing.T) {
	l := open(t, "{}")
	l.stop()
	l.rewrite("router: {", "router: {store: {keep: 1s}, ")
	l.start()
	first := l.call("", "POST", "/v1/messages?wait=30s", hello, "Idempotency-Key", "k")
	require.Equal(t, "accepted", first.get("status"), "%s", first.body)
	var other answer
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if other = l.call("", "POST", "/v1/messages?wait=30s", bye, "Idempotency-Key", "k"); other.status != http.StatusConflict {
			break
		}
	}
	require.Equal(t, http.StatusOK, other.status, "%s", other.body)
	assert.Empty(t, other.header.Get("Idempotency-Replayed"))
	assert.NotEqual(t, first.get("id"), other.get("id"))
	assert.Len(t, l.vendor.Messages(), 2)
	both := l.call("", "GET", "/v1/messages?ref=k", "")
	assert.Equal(t, other.get("id"), both.get("items.0.id"))
	assert.Equal(t, first.get("id"), both.get("items.1.id"))

	later := strings.Replace(hello, "}", `,"send_at":"2099-01-01T00:00:00Z"}`, 1)
	queued := l.call("", "POST", "/v1/messages", later, "Idempotency-Key", "queued")
	l.eventually("more than the time has passed", func() bool {
		created, err := time.Parse(time.RFC3339, queued.get("created_at").(string))
		return assert.NoError(t, err) && time.Since(created) > 2*time.Second
	})
	assert.Equal(t, queued.get("id"), l.call("", "POST", "/v1/messages", later, "Idempotency-Key", "queued").get("id"), "for as long as it is queued")
}

// TestIdempotencyUnderWay repeats a request while a vendor has its message.
func TestIdempotencyUnderWay(t *testing.T) {
	l := open(t, "{}")
	l.vendor.SetMode(httpcalltest.Hang)
	defer l.vendor.SetMode(httpcalltest.Up) // else the end would wait for it
	first := l.call("", "POST", "/v1/messages", hello, "Idempotency-Key", "k")
	require.Equal(t, http.StatusAccepted, first.status)
	path := "/v1/messages/" + first.get("id").(string)
	for end := time.Now().Add(time.Minute); l.call("", "GET", path, "").get("status") != "sending"; {
		require.True(t, time.Now().Before(end))
	}
	again := l.call("", "POST", "/v1/messages", hello, "Idempotency-Key", "k")
	assert.Equal(t, http.StatusAccepted, again.status)
	assert.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	assert.Equal(t, first.get("id"), again.get("id"))
	other := l.call("", "POST", "/v1/messages", bye, "Idempotency-Key", "k")
	assert.Equal(t, http.StatusConflict, other.status)
	assert.LessOrEqual(t, len(l.vendor.Messages()), 1)
}

// TestIdempotencyOfTwoGateways posts under one key to two gateways over one database on
// PostgreSQL, at once.
func TestIdempotencyOfTwoGateways(t *testing.T) {
	first := &lab{T: t, database: postgrestest.Schema(t)}
	first.open("{}")
	second := &lab{T: t, vendor: first.vendor, path: first.path, database: first.database}
	second.start()
	t.Cleanup(func() { second.stop() })
	for round := range 10 {
		var got [6]answer
		var work sync.WaitGroup
		for i := range got {
			l := []*lab{first, second}[i%2]
			work.Go(func() { got[i] = l.call("", "POST", "/v1/messages", hello, "Idempotency-Key", fmt.Sprint("k", round)) })
		}
		work.Wait()
		fresh := 0
		for _, a := range got {
			assert.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
			assert.Equal(t, got[0].get("id"), a.get("id"))
			if a.header.Get("Idempotency-Replayed") == "" {
				fresh++
			}
		}
		assert.Equal(t, 1, fresh)
		other := []*lab{first, second}[round%2].call("", "POST", "/v1/messages", bye, "Idempotency-Key", fmt.Sprint("k", round))
		assert.Equal(t, http.StatusConflict, other.status)
	}
	first.eventually("each once", func() bool { return len(first.vendor.Messages()) >= 10 })
	assert.Equal(t, "accepted", second.call("", "POST", "/v1/messages?wait=30s", hello, "Idempotency-Key", "k9").get("status"))
	assert.Len(t, first.vendor.Messages(), 10)
}
