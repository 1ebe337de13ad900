package httpcall_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// TestProofUnderRandomEnds abandons requests at random moments, towards a
// server that drops connections at random: the server has seen no request that
// is reported as not sent, and none twice.
func TestProofUnderRandomEnds(t *testing.T) {
	const senders, sends = 8, 150
	var mu sync.Mutex
	seen := make(map[string]int)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.Header.Get("X-Id")]++
		mu.Unlock()
		_, _ = io.Copy(io.Discard, r.Body)
		switch rand.IntN(10) {
		case 0:
			panic(http.ErrAbortHandler)
		case 1:
			w.Header().Set("Connection", "close")
		case 2:
			time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
		}
		_, _ = io.WriteString(w, `{"a":1}`)
	}))
	server.Config.ErrorLog, server.Config.IdleTimeout = discardLog, 2*time.Millisecond
	server.Start()
	c := newClient(t, httpcall.Config{BaseURL: server.URL})
	notSent := make(chan string, senders*sends)
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for i := range sends {
				id := strconv.Itoa(s) + "-" + strconv.Itoa(i)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(4000))*time.Microsecond)
				request := httpcall.Request{Method: "POST", Path: "/", Header: http.Header{"X-Id": {id}}, Body: make([]byte, rand.IntN(20_000))}
				if _, err := c.Do(ctx, request); provider.CodeOf(err) == provider.Unavailable {
					notSent <- id
				}
				cancel()
			}
		})
	}
	all.Wait()
	server.Close() // waits for the requests under way
	close(notSent)
	require.NotEmpty(t, notSent)
	for id := range notSent {
		assert.Zero(t, seen[id], "request %s was reported as not sent", id)
	}
	for id, times := range seen {
		assert.Equal(t, 1, times, "request %s", id)
	}
}
