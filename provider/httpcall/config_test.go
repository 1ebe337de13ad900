package httpcall_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, []byte("no certificate"), 0o600))
	tests := []struct {
		name   string
		config httpcall.Config
		path   string // "" = good
		want   string
	}{
		{"https", httpcall.Config{BaseURL: "https://api.example.com/v1/"}, "", ""},
		{"http to loopback", httpcall.Config{BaseURL: "http://127.0.0.1:8080"}, "", ""},
		{"http to loopback 6", httpcall.Config{BaseURL: "http://[::1]:8080"}, "", ""},
		{"http to localhost", httpcall.Config{BaseURL: "http://localhost"}, "", ""},
		{"empty", httpcall.Config{}, "base_url", "must not be empty"},
		{"plain http", httpcall.Config{BaseURL: "http://api.example.com"}, "base_url", "plain http"},
		{"plain http to a private host", httpcall.Config{BaseURL: "http://10.0.0.1"}, "base_url", "plain http"},
		{"name below localhost, which is up to the resolver", httpcall.Config{BaseURL: "http://vendor.localhost"}, "base_url", "plain http"},
		{"name that only begins like loopback", httpcall.Config{BaseURL: "http://127.0.0.1.example.com"}, "base_url", "plain http"},
		{"no scheme", httpcall.Config{BaseURL: "api.example.com"}, "base_url", "is not a URL"},
		{"ftp", httpcall.Config{BaseURL: "ftp://api.example.com"}, "base_url", "want https"},
		{"password", httpcall.Config{BaseURL: "https://u:p4ssw0rd@api.example.com"}, "base_url", "must not contain"},
		{"query", httpcall.Config{BaseURL: "https://api.example.com?key=1"}, "base_url", "query"},
		{"empty query", httpcall.Config{BaseURL: "https://api.example.com/v1?"}, "base_url", "query"},
		{"negative timeout", httpcall.Config{BaseURL: "https://a.example", Timeout: -1}, "timeout", "negative"},
		{"negative pool", httpcall.Config{BaseURL: "https://a.example", MaxInFlight: -1}, "max_in_flight", "negative"},
		{"status outcome", httpcall.Config{BaseURL: "https://a.example", StatusOutcomes: map[int]provider.Outcome{502: "sent"}}, "status_outcomes", "want refused, not_sent or unknown"},
		{"outcome of a 200", httpcall.Config{BaseURL: "https://a.example", StatusOutcomes: map[int]provider.Outcome{200: "not_sent"}}, "status_outcomes", "not an HTTP status from"},
		{"http callback", httpcall.Config{BaseURL: "https://a.example", CallbackURL: "http://b.example"}, "callback_url", "https"},
		{"callback without a host", httpcall.Config{BaseURL: "https://a.example", CallbackURL: "https:///x"}, "callback_url", "https"},
		{"callback that is none", httpcall.Config{BaseURL: "https://a.example", CallbackURL: "https://%zz"}, "callback_url", "https"},
		{"callback", httpcall.Config{BaseURL: "https://a.example", CallbackURL: "https://b.example/x?y"}, "", ""},
		{"outcomes of the first and the last status", httpcall.Config{BaseURL: "https://a.example", StatusOutcomes: map[int]provider.Outcome{300: "not_sent", 599: "refused"}}, "", ""},
		{"outcome of a 299", httpcall.Config{BaseURL: "https://a.example", StatusOutcomes: map[int]provider.Outcome{299: "not_sent"}}, "status_outcomes", "not an HTTP status from"},
		{"outcome of a 600", httpcall.Config{BaseURL: "https://a.example", StatusOutcomes: map[int]provider.Outcome{600: "not_sent"}}, "status_outcomes", "not an HTTP status from"},
		{"proxy", httpcall.Config{BaseURL: "https://a.example", Proxy: "nonsense"}, "proxy", "is not a URL"},
		{"proxy without a host", httpcall.Config{BaseURL: "https://a.example", Proxy: "http://:3128"}, "proxy", "is not a URL"},
		{"proxy that cannot be read", httpcall.Config{BaseURL: "https://a.example", Proxy: "http://p4ssw0rd%zz"}, "proxy", "is not a URL"},
		{"proxy of another kind", httpcall.Config{BaseURL: "https://a.example", Proxy: "ftp://u:p4ssw0rd@b.example:21"}, "proxy", "http, https or socks5"},
		{"no such file", httpcall.Config{BaseURL: "https://a.example", CAFile: file + "x"}, "ca_file", syscall.ENOENT.Error()},
		{"no certificate", httpcall.Config{BaseURL: "https://a.example", CAFile: file}, "ca_file", "contains no PEM"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := httpcall.New(tt.config)
			if tt.path == "" {
				require.NoError(t, err)
				return
			}
			wrong, ok := errors.AsType[*provider.ConfigError](err)
			require.True(t, ok, "got %v", err)
			assert.Equal(t, tt.path, wrong.Path)
			assert.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), "p4ssw0rd")
		})
	}
}

func TestDefaults(t *testing.T) {
	assert.Equal(t, 30*time.Second, httpcall.DefaultTimeout)
	assert.Equal(t, 3*time.Second, httpcall.DefaultConnectTimeout)
	assert.Equal(t, 2*time.Second, httpcall.DefaultIdleTimeout)
	assert.Equal(t, 64, httpcall.DefaultMaxInFlight)
}

// As many connections are kept as requests may be in flight.
func TestIdleConnectionsKept(t *testing.T) {
	const together = 4
	for inFlight, want := range map[int]int64{0: together, together: together, 1: together + together - 1} {
		t.Run(fmt.Sprint("max_in_flight ", inFlight), func(t *testing.T) {
			var connections atomic.Int64
			arrived := make(chan struct{}, together)
			release := make(chan struct{})
			s := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) {
				connections.Add(1)
				for s.read(r) {
					arrived <- struct{}{}
					<-release
					fmt.Fprint(c, okAnswer)
				}
			})
			c := newClient(t, httpcall.Config{BaseURL: s.url, MaxInFlight: inFlight, IdleTimeout: provider.Duration(time.Minute)})
			for range 2 {
				var requests sync.WaitGroup
				for range together {
					requests.Go(func() {
						_, err := c.Do(t.Context(), post("x"))
						assert.NoError(t, err)
					})
				}
				for range together {
					<-arrived
				}
				for range together {
					release <- struct{}{}
				}
				requests.Wait()
			}
			assert.Equal(t, want, connections.Load())
		})
	}
}

func TestProxyIsUsed(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"host":"`+r.URL.Host+`"}`)
	}))
	defer proxy.Close()
	resp, err := newClient(t, httpcall.Config{BaseURL: "http://localhost:9", Proxy: provider.Secret(proxy.URL)}).Do(t.Context(), post("x"))
	require.NoError(t, err)
	assert.Contains(t, string(resp.Body), "localhost:9")
}
