package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
