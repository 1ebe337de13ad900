package httpcall_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// net/http hands the connection over after a 101, and from then on the context
// no longer ends a read.
func TestSwitchingProtocolsEndsByItself(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) {
		s.read(r)
		fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: sms\r\n\r\n")
		<-release
	})
	defer close(release)
	inTime(t, 50*time.Millisecond, func(d time.Duration) bool {
		c := newClient(t, httpcall.Config{BaseURL: s.url, Timeout: provider.Duration(d)})
		ended := make(chan error, 1)
		go func() {
			resp, err := c.Do(t.Context(), post("x"))
			if err == nil {
				err = resp.ByStatus()
			}
			ended <- err
		}()
		select {
		case err := <-ended:
			if s.requests.Load() == 0 {
				return false
			}
			require.ErrorIs(t, err, provider.Indeterminate)
		case <-time.After(d + 30*time.Second):
			t.Fatal("the request outlives its timeout")
		}
		return true
	})
}

// net/http repeats a request without a body that has an idempotency key.
func TestRequestWithoutBodyIsNotReplayed(t *testing.T) {
	for _, key := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		t.Run(key, func(t *testing.T) {
			s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) {
				if s.read(r) && s.requests.Load() == 1 {
					fmt.Fprint(c, okAnswer)
					s.read(r)
				}
			})
			c := newClient(t, httpcall.Config{BaseURL: s.url})
			request := httpcall.Request{Method: "POST", Path: "/send", Query: url.Values{"to": {"x"}}}
			request.Sign = func(r *http.Request) { r.Header.Set(key, "k") }
			_, err := c.Do(t.Context(), request)
			require.NoError(t, err)
			_, err = c.Do(t.Context(), request)
			require.ErrorIs(t, err, provider.Indeterminate)
			assert.EqualValues(t, 2, s.requests.Load(), "two calls of Do must make two requests at the socket")
		})
	}
}

// What a server sends instead of HTTP may repeat the request.
func TestErrorsDoNotQuoteTheResponse(t *testing.T) {
	answers := map[string]string{
		"no HTTP":               "Hello Ann, your code is 1234\r\n\r\n",
		"status":                "HTTP/1.1 Ann-1234 OK\r\n\r\n",
		"header":                "HTTP/1.1 200 OK\r\nHello Ann, your code is 1234\r\n\r\n",
		"first header":          "HTTP/1.1 200 OK\r\n Ann, your code is 1234\r\n\r\n",
		"length":                "HTTP/1.1 200 OK\r\nContent-Length: Ann 1234\r\n\r\n",
		"transfer encoding":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: Ann 1234\r\n\r\n",
		"content encoding":      "HTTP/1.1 200 OK\r\nContent-Encoding: Ann 1234\r\nContent-Length: 2\r\n\r\n{}",
		"trailer":               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nHello Ann 1234\r\n\r\n",
		"chunk":                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nAnn 1234\r\n",
		"number of wrong type":  "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"a\":1234.5}",
		"headers without limit": "HTTP/1.1 200 OK\r\nAnn-1234: " + strings.Repeat("x", 2<<20) + "\r\n\r\n",
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) {
				s.read(r)
				fmt.Fprint(c, answer)
			})
			resp, err := newClient(t, httpcall.Config{BaseURL: s.url}).Do(t.Context(), post("x"))
			if err == nil {
				var v struct{ A int }
				decoded := resp.Decode(&v)
				require.Error(t, decoded)
				assert.NotContains(t, decoded.Error(), "1234")
				assert.NotContains(t, resp.Indeterminate(decoded).Err.Error(), "1234")
				err = resp.ByStatus()
			}
			require.ErrorIs(t, err, provider.Indeterminate)
			for text := range strings.SplitSeq(fmt.Sprintf("%v|%+v|%#v", err, err, err), "|") {
				assert.NotContains(t, text, "Ann")
				assert.NotContains(t, text, "1234")
			}
		})
	}
}

func TestLongWordsAreCut(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	resp, err := newClient(t, httpcall.Config{BaseURL: server.URL}).Do(t.Context(), post("x"))
	require.NoError(t, err)
	failed := resp.Failed(provider.Rejected, strings.Repeat("c", 1<<20), strings.Repeat("ω", 1<<19))
	assert.Less(t, len(failed.Error()), 2500)
	assert.True(t, utf8.ValidString(failed.VendorMessage))
	assert.Equal(t, strings.Repeat("ω", 500)+"…", failed.VendorMessage)
	assert.Equal(t, strings.Repeat("w", 1000), resp.Failed(provider.Rejected, "", strings.Repeat("w", 1000)).VendorMessage, "as long as is allowed")
}

// A secret comes back in the encodings that servers use.
func TestSecretsAreTakenOutInEveryForm(t *testing.T) {
	const secret, short = `key/with+"quotes"<&>`, "key/with"
	forms := map[string]string{
		"JSON":                   `{"m":"key/with+\"quotes\"<&>"}`,
		"JSON of PHP":            `{"m":"key\/with+\"quotes\"<&>"}`,
		"JSON with HTML escaped": `{"m":"key/with+\"quotes\"\u003c\u0026\u003e"}`,
		"query":                  `{"m":"` + url.QueryEscape(secret) + `"}`,
		"path":                   `{"m":"` + url.PathEscape(secret) + `"}`,
		"base64":                 `{"m":"` + base64.StdEncoding.EncodeToString([]byte(secret)) + `"}`,
		"JSON of PHP, base64":    `{"m":"` + strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte("\xff\xff\xff\xff")), "/", `\/`) + `"}`,
	}
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	defer server.Close()
	c := newClient(t, httpcall.Config{BaseURL: server.URL}, short, secret, "\xff\xff\xff\xff")
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			body = form
			resp, err := c.Do(t.Context(), post("x"))
			require.NoError(t, err)
			assert.JSONEq(t, `{"m":"[redacted]"}`, string(resp.Raw()))
		})
	}
}

// TLS to the proxy and TLS to the vendor within: the bytes are counted, and the
// connect timeout ends once the connection is established.
func TestProxyOverTLS(t *testing.T) {
	var connect atomic.Int64 // the connect timeout
	vendor := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Duration(connect.Load()) * 5 / 4)
		_, _ = io.WriteString(w, `{"a":1}`)
	}))
	vendor.StartTLS()
	defer vendor.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: vendor.Certificate().Raw}), 0o600))
	config := httpcall.Config{
		BaseURL: vendor.URL, CAFile: ca,
		Proxy: provider.Secret("https://user:s3cr3t@" + tunnel(t, vendor.Listener.Addr().String(), vendor.TLS)),
	}
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", config, config, config), "s3cr3t")
	inTime(t, 200*time.Millisecond, func(d time.Duration) bool {
		connect.Store(int64(d))
		config.ConnectTimeout = provider.Duration(d)
		resp, err := newClient(t, config).Do(t.Context(), post("x"))
		if provider.CodeOf(err) == provider.Unavailable { // the machine is too slow to connect within it
			return false
		}
		require.NoError(t, err)
		assert.JSONEq(t, `{"a":1}`, string(resp.Body))
		return true
	})
}

// tunnel is a proxy over TLS that connects every CONNECT to one address.
func tunnel(t *testing.T, to string, config *tls.Config) string {
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				up, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer up.Close()
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\n\r\n")
				go func() { _, _ = io.Copy(up, r); up.Close() }()
				_, _ = io.Copy(c, up)
			}()
		}
	}()
	return l.Addr().String()
}
