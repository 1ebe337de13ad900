package gateway_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// logged is a log that is read while it is written.
type logged struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// TestPanic panics while requests are served: the client is told so little, and the log so
// much, that nothing private gets out, and the next request is served.
func TestPanic(t *testing.T) {
	var log logged
	l := &lab{T: t, log: slog.New(slog.NewTextHandler(&log, nil))}
	l.open("{}")
	const secret = "Your code is 4711, +306900000001"
	mux := http.NewServeMux()
	mux.HandleFunc("POST /text", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Idempotency-Replayed", "true")
		panic(secret)
	})
	mux.HandleFunc("POST /error", func(http.ResponseWriter, *http.Request) { panic(errors.New(secret)) })
	mux.HandleFunc("POST /index", func(_ http.ResponseWriter, r *http.Request) { _ = make([]int, 1)[len(r.URL.Path)] })
	mux.HandleFunc("POST /late", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items":[`))
		_ = http.NewResponseController(w).Flush()
		panic(secret)
	})
	mux.HandleFunc("POST /fine", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(l.gateway.Watched(mux))
	defer server.Close()
	post := func(path string) (*http.Response, string, error) {
		resp, err := server.Client().Post(server.URL+path, "application/json", bytes.NewBufferString(`{"text":"`+secret+`"}`))
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp, string(body), err
	}
	for path, said := range map[string]string{"/text": "panic=string", "/error": "panic=*errors.errorString", "/index": "index out of range"} {
		resp, body, err := post(path)
		require.NoError(t, err)
		assert.Equal(t, 500, resp.StatusCode)
		assert.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
		assert.Empty(t, resp.Header.Get("Idempotency-Replayed"))
		assert.JSONEq(t, `{"type":"about:blank","title":"Internal Server Error","status":500,"code":"unavailable","detail":"something went wrong here"}`, body)
		assert.Contains(t, log.String(), said)
	}
	resp, body, err := post("/late")
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, `{"items":[`, body)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF, "the response is not whole")
	resp, _, err = post("/fine")
	require.NoError(t, err)
	assert.Equal(t, 200, resp.StatusCode)

	assert.Contains(t, log.String(), "TestPanic", "the stack")
	assert.NotContains(t, log.String(), "4711")
	assert.NotContains(t, log.String(), "+3069")
}
