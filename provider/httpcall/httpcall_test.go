package httpcall_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newClient returns a client that ends with the test. Where a test sets no other
// time, a slow machine has a minute to connect, and a connection stays idle for one.
func newClient(t *testing.T, config httpcall.Config, secrets ...provider.Secret) *httpcall.Client {
	t.Helper()
	config.ConnectTimeout = provider.Duration(config.ConnectTimeout.Or(time.Minute))
	config.IdleTimeout = provider.Duration(config.IdleTimeout.Or(time.Minute))
	c, err := httpcall.New(config, secrets...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// socket serves raw connections, one handler call each, and counts requests.
type socket struct {
	url      string
	requests atomic.Int64
}

// serve handles each connection with handle, which reads requests by s.read.
func serve(t *testing.T, handle func(s *socket, c net.Conn, r *bufio.Reader)) *socket {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &socket{url: "http://" + l.Addr().String()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				handle(s, c, bufio.NewReader(c))
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return s
}

func (s *socket) read(r *bufio.Reader) bool {
	req, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, req.Body)
	s.requests.Add(1)
	return true
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"a\": 1}"

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}

// inTime calls try with a longer time each time, until it says that what must
// come before the end of that time came before it.
func inTime(t *testing.T, first time.Duration, try func(d time.Duration) bool) {
	t.Helper()
	for d := first; !try(d); d *= 4 {
		require.Less(t, d, time.Minute, "no time is long enough")
	}
}

func post(body string) httpcall.Request {
	return httpcall.Request{Method: http.MethodPost, Path: "/send", Body: []byte(body)}
}

func TestProofOfPhase(t *testing.T) {
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	refusedURL := "http://" + refused.Addr().String()
	refused.Close()

	t.Run("connection refused is not sent", func(t *testing.T) {
		_, err := newClient(t, httpcall.Config{BaseURL: refusedURL}).Do(t.Context(), post("x"))
		require.ErrorIs(t, err, provider.Unavailable)
	})
	t.Run("failed TLS is not sent", func(t *testing.T) {
		plain := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) { _, _ = r.ReadByte() })
		c := newClient(t, httpcall.Config{BaseURL: strings.Replace(plain.url, "http:", "https:", 1)})
		_, err := c.Do(t.Context(), post("x"))
		require.ErrorIs(t, err, provider.Unavailable)
	})
	t.Run("unknown authority is not sent", func(t *testing.T) {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = discardLog
		server.StartTLS()
		defer server.Close()
		_, err := newClient(t, httpcall.Config{BaseURL: server.URL}).Do(t.Context(), post("x"))
		require.ErrorIs(t, err, provider.Unavailable)
	})
	t.Run("TLS that hangs ends with the connect timeout", func(t *testing.T) {
		hang := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
		c := newClient(t, httpcall.Config{BaseURL: strings.Replace(hang.url, "http:", "https:", 1), ConnectTimeout: provider.Duration(30 * time.Millisecond)})
		_, err := c.Do(t.Context(), post("x"))
		require.ErrorIs(t, err, provider.Unavailable)
		require.ErrorContains(t, err, "connect timeout")
	})
	t.Run("a shorter connect timeout of the context holds", func(t *testing.T) {
		hang := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
		c := newClient(t, httpcall.Config{BaseURL: strings.Replace(hang.url, "http:", "https:", 1), ConnectTimeout: provider.Duration(time.Hour), Timeout: provider.Duration(time.Hour)})
		_, err := c.Do(httpcall.WithConnectTimeout(t.Context(), 30*time.Millisecond), post("x"))
		require.ErrorIs(t, err, provider.Unavailable)
		require.ErrorContains(t, err, "connect timeout")
	})
	t.Run("a longer connect timeout of the context does not count", func(t *testing.T) {
		hang := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
		c := newClient(t, httpcall.Config{BaseURL: strings.Replace(hang.url, "http:", "https:", 1), ConnectTimeout: provider.Duration(30 * time.Millisecond), Timeout: provider.Duration(time.Hour)})
		_, err := c.Do(httpcall.WithConnectTimeout(t.Context(), time.Hour), post("x"))
		require.ErrorContains(t, err, "connect timeout")
	})
	t.Run("context cancelled before", func(t *testing.T) {
		s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) { s.read(r) })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := newClient(t, httpcall.Config{BaseURL: s.url}).Do(ctx, post("x"))
		require.ErrorIs(t, err, provider.Unavailable)
		require.ErrorIs(t, err, context.Canceled)
		assert.Zero(t, s.requests.Load())
	})

	after := map[string]func(s *socket, c net.Conn, r *bufio.Reader){
		"reset after reading":        func(s *socket, c net.Conn, r *bufio.Reader) { s.read(r); reset(c) },
		"end of file after reading":  func(s *socket, c net.Conn, r *bufio.Reader) { s.read(r) },
		"garbage for a response":     func(s *socket, c net.Conn, r *bufio.Reader) { s.read(r); fmt.Fprint(c, "hello\r\n\r\n") },
		"half a status line":         func(s *socket, c net.Conn, r *bufio.Reader) { s.read(r); fmt.Fprint(c, "HTTP/1.1 2") },
		"header that does not close": func(s *socket, c net.Conn, r *bufio.Reader) { s.read(r); fmt.Fprint(c, "HTTP/1.1 200 OK\r\nA: b") },
	}
	for name, handle := range after {
		t.Run(name+" is indeterminate", func(t *testing.T) {
			s := serve(t, handle)
			_, err := newClient(t, httpcall.Config{BaseURL: s.url}).Do(t.Context(), post("x"))
			require.ErrorIs(t, err, provider.Indeterminate)
			assert.EqualValues(t, 1, s.requests.Load())
		})
	}

	t.Run("waiting for the response ends by the provider's timeout: indeterminate", func(t *testing.T) {
		s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) { s.read(r); _, _ = r.ReadByte() })
		inTime(t, 50*time.Millisecond, func(d time.Duration) bool {
			_, err := newClient(t, httpcall.Config{BaseURL: s.url, Timeout: provider.Duration(d)}).Do(t.Context(), post("x"))
			require.ErrorIs(t, err, httpcall.ErrTimeout)
			if s.requests.Load() == 0 {
				return false
			}
			require.ErrorIs(t, err, provider.Indeterminate)
			return true
		})
	})
	t.Run("waiting for the response ends by the caller: indeterminate", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) { s.read(r); cancel(); _, _ = r.ReadByte() })
		_, err := newClient(t, httpcall.Config{BaseURL: s.url}).Do(ctx, post("x"))
		require.ErrorIs(t, err, provider.Indeterminate)
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("waiting for the response ends by the caller's deadline: indeterminate", func(t *testing.T) {
		s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) { s.read(r); _, _ = r.ReadByte() })
		inTime(t, 50*time.Millisecond, func(d time.Duration) bool {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			_, err := newClient(t, httpcall.Config{BaseURL: s.url}).Do(ctx, post("x"))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.NotErrorIs(t, err, httpcall.ErrTimeout)
			if s.requests.Load() == 0 {
				return false
			}
			require.ErrorIs(t, err, provider.Indeterminate)
			return true
		})
	})
}

// A reused connection that the server drops after it read the second request is
// where net/http repeats requests on its own.
func TestReusedConnectionIsNotReplayed(t *testing.T) {
	requests := map[string]httpcall.Request{
		"POST":                      post("x"),
		"POST with idempotency key": {Method: "POST", Path: "/send", Body: []byte("x"), Header: http.Header{"Idempotency-Key": {"k"}}},
		"GET on its own connection": {Method: "GET", Path: "/send", Fresh: true},
	}
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) {
				if s.read(r) && s.requests.Load() == 1 {
					fmt.Fprint(c, okAnswer)
					s.read(r)
				}
			})
			c := newClient(t, httpcall.Config{BaseURL: s.url})
			_, err := c.Do(t.Context(), request)
			require.NoError(t, err)
			_, err = c.Do(t.Context(), request)
			require.ErrorIs(t, err, provider.Indeterminate)
			assert.EqualValues(t, 2, s.requests.Load(), "two calls of Do must make two requests at the socket")
		})
	}
}

// A server that closes an idle connection causes no failure: the connection is
// checked before the first byte, and the request uses another one.
func TestStaleConnectionIsPassedOver(t *testing.T) {
	closed := make(chan struct{}, 1)
	s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) {
		if s.read(r) {
			fmt.Fprint(c, okAnswer)
			c.Close()
			closed <- struct{}{}
		}
	})
	c := newClient(t, httpcall.Config{BaseURL: s.url})
	for i := range 50 {
		_, err := c.Do(t.Context(), post("x"))
		require.NoError(t, err)
		<-closed
		assert.EqualValues(t, i+1, s.requests.Load(), "one request for each call")
	}
}

func TestConnectionIsReused(t *testing.T) {
	var connections atomic.Int64
	s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) {
		connections.Add(1)
		for s.read(r) {
			fmt.Fprint(c, okAnswer)
		}
	})
	c := newClient(t, httpcall.Config{BaseURL: s.url})
	for range 5 {
		_, err := c.Do(t.Context(), post("x"))
		require.NoError(t, err)
	}
	assert.EqualValues(t, 1, connections.Load())
	_, err := c.Do(t.Context(), httpcall.Request{Method: "GET", Path: "/", Fresh: true})
	require.NoError(t, err)
	assert.EqualValues(t, 2, connections.Load())
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var followed atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/send" {
			followed.Store(true)
		}
		http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	resp, err := newClient(t, httpcall.Config{BaseURL: server.URL}).Do(t.Context(), post("x"))
	require.NoError(t, err)
	assert.ErrorIs(t, resp.ByStatus(), provider.Unavailable)
	assert.False(t, followed.Load())
}

func TestClosed(t *testing.T) {
	c := newClient(t, httpcall.Config{BaseURL: "https://api.example.com"})
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	_, err := c.Do(t.Context(), post("x"))
	require.ErrorIs(t, err, provider.Unavailable)
}

func TestRequestOnTheWire(t *testing.T) {
	type seen struct {
		path, body, contentType, date, accept string
	}
	got := make(chan seen, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- seen{r.URL.RequestURI(), string(b), r.Header.Get("Content-Type"), r.Header.Get("X-Date"), r.Header.Get("Accept")}
	}))
	defer server.Close()
	c := newClient(t, httpcall.Config{BaseURL: server.URL + "/v1/"})

	r, err := httpcall.JSON("POST", "/a%2Fb", map[string]string{"text": "<Καλημέρα & \"hi\" {x}>"})
	require.NoError(t, err)
	r.Query = url.Values{"q": {"a b"}}
	r.Sign = func(req *http.Request) { req.Header.Set("X-Date", req.URL.EscapedPath()) }
	_, err = c.Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, seen{"/v1/a%2Fb?q=a+b", `{"text":"<Καλημέρα & \"hi\" {x}>"}`, "application/json; charset=utf-8", "/v1/a%2Fb", "application/json"}, <-got)

	_, err = c.Do(t.Context(), httpcall.Form("POST", "/form", url.Values{"to": {"+306900000001"}}))
	require.NoError(t, err)
	assert.Equal(t, seen{"/v1/form", "to=%2B306900000001", "application/x-www-form-urlencoded", "", "application/json"}, <-got)

	_, err = c.Do(t.Context(), httpcall.Get(server.URL+"/elsewhere", nil))
	require.NoError(t, err)
	assert.Equal(t, "/elsewhere", (<-got).path)
}

// Vendors that take all in the query want the length of a body that is not there, and no
// chunks.
func TestRequestWithoutBodyOnTheWire(t *testing.T) {
	got := make(chan *http.Request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r }))
	defer server.Close()
	c := newClient(t, httpcall.Config{BaseURL: server.URL})
	_, err := c.Do(t.Context(), httpcall.Request{Method: http.MethodPost, Path: "/send", Query: url.Values{"to": {"x"}}})
	require.NoError(t, err)
	r := <-got
	assert.Empty(t, r.TransferEncoding)
	assert.Equal(t, "0", r.Header.Get("Content-Length"))
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"a":"b"}`), "")
	f.Add([]byte("\x1f\x8b"), "gzip")
	var body atomic.Value
	var encoding atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", encoding.Load().(string))
		_, _ = w.Write(body.Load().([]byte))
	}))
	f.Cleanup(server.Close)
	c, err := httpcall.New(httpcall.Config{BaseURL: server.URL})
	require.NoError(f, err)
	f.Cleanup(func() { _ = c.Close() })
	f.Fuzz(func(t *testing.T, b []byte, e string) {
		body.Store(b)
		encoding.Store(e)
		resp, err := c.Do(t.Context(), post("x"))
		if err != nil {
			return
		}
		var v map[string]any
		_ = resp.Decode(&v)
		_ = resp.Raw()
		_ = resp.ByStatus().Error()
	})
}
