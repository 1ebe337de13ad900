package httpcall_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider/httpcall"
)

// net/http quotes in the program's log what a server writes beyond its response;
// that may be the message.
func TestUnsolicitedBytesAreNotLogged(t *testing.T) {
	const (
		private = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ncode"
		chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"a\": 1}\r\n0\r\n\r\n"
		empty   = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	)
	for name, tt := range map[string]struct{ before, response, after string }{
		"with the response":           {"", okAnswer + private, ""},
		"with a chunked response":     {"", chunked + private, ""},
		"with an empty response":      {"", empty + private, ""},
		"after the response":          {"", okAnswer, private},
		"after a chunked response":    {"", chunked, private},
		"no HTTP":                     {"", okAnswer, "the code is 4711"},
		"before the request":          {private, okAnswer, ""},
		"a greeting":                  {"220 the code is 4711\r\n", okAnswer, ""},
		"with the response, no HTTP":  {"", okAnswer + "the code is 4711", ""},
		"line ends, as old ones send": {"", okAnswer + "\r\n", ""},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(name+map[bool]string{true: " over TLS"}[secure], func(t *testing.T) {
				logged := captureLog(t)
				config, ca := serverTLS(t)
				closed := make(chan struct{}, 100)
				s := serve(t, func(s *socket, c net.Conn, _ *bufio.Reader) {
					defer func() { closed <- struct{}{} }()
					if secure {
						c = tls.Server(c, config)
					}
					_, _ = io.WriteString(c, tt.before)
					for r := bufio.NewReader(c); s.read(r); {
						_, _ = io.WriteString(c, tt.response)
						_, _ = io.WriteString(c, tt.after)
					}
				})
				settings := httpcall.Config{BaseURL: s.url}
				if secure {
					settings = httpcall.Config{BaseURL: strings.Replace(s.url, "http", "https", 1), CAFile: ca}
				}
				client := newClient(t, settings)
				for range 3 {
					resp, err := client.Do(t.Context(), post("x"))
					if tt.before != "" {
						continue // whether it is taken for the response depends on when it arrives
					}
					require.NoError(t, err)
					assert.NotContains(t, string(resp.Body), "code")
					<-closed // of what the server wrote there is nothing to keep the connection for
				}
				require.NoError(t, client.Close())
				assert.Empty(t, logged())
			})
		}
	}
}

// Between the connection and the first byte of the request net/http expects no response.
func TestGreetingBeforeTheRequestIsNotLogged(t *testing.T) {
	logged := captureLog(t)
	greet, ended := make(chan struct{}), make(chan struct{})
	s := serve(t, func(_ *socket, c net.Conn, r *bufio.Reader) {
		<-greet
		_, _ = io.WriteString(c, "220 the code is 4711\r\n")
		_, _ = r.ReadByte()
		close(ended)
	})
	client := newClient(t, httpcall.Config{BaseURL: s.url})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		close(greet)
		<-ended // by the client, which has read the greeting
	}})
	_, err := client.Do(ctx, post("x"))
	require.Error(t, err)
	assert.Empty(t, logged())
}

// captureLog returns what the standard logger writes from now on.
func captureLog(t *testing.T) func() string {
	t.Helper()
	var mu sync.Mutex
	var b bytes.Buffer
	old := log.Writer()
	log.SetOutput(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return b.Write(p)
	}))
	t.Cleanup(func() { log.SetOutput(old) })
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return b.String()
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
