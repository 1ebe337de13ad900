package httpcall_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

func TestPlainHTTPIsForPrivateNetworks(t *testing.T) {
	const refused = "would expose credentials and texts"
	for _, tt := range []struct {
		url   string
		allow bool
		proxy provider.Secret
		want  string // "" = allowed
	}{
		{"http://127.0.0.1:8080", false, "", ""},
		{"http://[::1]:8080", false, "", ""},
		{"http://localhost", false, "", ""},
		{"http://127.0.0.1", true, "http://proxy.example:3128", ""},
		{"https://8.8.8.8", false, "", ""},
		{"https://8.8.8.8", true, "http://proxy.example:3128", ""},
		{"http://192.168.1.10", false, "", "allow_private_http: true"},
		{"http://gateway.lan", false, "", "allow_private_http: true"},
		{"http://10.0.0.1", true, "", ""},
		{"http://172.16.0.1", true, "", ""},
		{"http://172.32.0.1", true, "", refused},
		{"http://192.168.1.10:13013", true, "", ""},
		{"http://169.254.7.7", true, "", ""},
		{"http://[fd00::1]", true, "", ""},
		{"http://[fe80::1%25eth0]", true, "", ""},
		{"http://[::ffff:10.0.0.1]", true, "", ""},
		{"http://[::ffff:8.8.8.8]", true, "", refused},
		{"http://gateway.lan", true, "", ""},
		{"http://8.8.8.8", true, "", refused},
		{"http://100.64.0.1", true, "", refused},
		{"http://0.0.0.0", true, "", refused},
		{"http://224.0.0.1", true, "", refused},
		{"http://[2001:db8::1]", true, "", refused},
		{"http://gateway.lan", true, "http://proxy.example:3128", "the proxy hides it"},
		{"ftp://gateway.lan", true, "", `scheme "ftp"`},
	} {
		c := httpcall.Config{BaseURL: tt.url, AllowPrivateHTTP: tt.allow, Proxy: tt.proxy}
		client, err := httpcall.New(c)
		_, tokens := httpcall.NewTokenSource(c, httpcall.ClientCredentials{TokenURL: tt.url})
		if tt.want == "" {
			require.NoError(t, err, tt.url)
			require.NoError(t, client.Close())
			assert.NoError(t, tokens, tt.url)
			continue
		}
		require.ErrorContains(t, err, tt.want, tt.url)
		assert.ErrorContains(t, tokens, tt.want, tt.url)
	}
}

// A name is judged by the address that it leads to, at the moment of connecting; in
// this test the address stands for the name.
func TestPlainHTTPIsCheckedWhenConnecting(t *testing.T) {
	for _, tt := range []struct {
		url   string
		allow bool
		want  string // "" = it is tried
	}{
		{"http://8.8.8.8", true, "resolves to 8.8.8.8, which is not a private address"},
		{"http://[2606:4700::1111]", true, "which is not a private address"},
		{"http://[::ffff:8.8.8.8]", true, "which is not a private address"},
		{"http://8.8.8.8", false, "which is not a loopback address"},
		{"http://192.168.1.10", false, "which is not a loopback address"},
		{"http://127.0.0.1:1", false, ""},
		{"http://127.0.0.1:1", true, ""},
		{"http://169.254.0.1:1", true, ""},
		{"https://127.0.0.1:1", false, ""},
		{"https://192.168.1.10:1", false, ""},
	} {
		tried := ""
		c := httpcall.Config{BaseURL: tt.url, AllowPrivateHTTP: tt.allow, ConnectTimeout: provider.Duration(time.Second)}
		c.DialControl = func(_, address string, _ syscall.RawConn) error {
			tried = address
			return io.ErrClosedPipe // no test leaves this machine
		}
		client, err := httpcall.NewUnchecked(c)
		require.NoError(t, err)
		_, err = client.Do(t.Context(), post("x"))
		require.ErrorIs(t, err, provider.Unavailable, tt.url)
		if tt.want == "" {
			assert.NotEmpty(t, tried, tt.url)
			continue
		}
		assert.ErrorContains(t, err, tt.want, tt.url)
		assert.Empty(t, tried, tt.url)
	}
}

// A gateway in this machine's own network is reached, by address and by a name.
func TestPlainHTTPReachesThePrivateNetwork(t *testing.T) {
	address := privateAddress(t)
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) }))
	server.Listener.Close()
	server.Listener = l
	server.Start()
	defer server.Close()
	client := newClient(t, httpcall.Config{BaseURL: server.URL, AllowPrivateHTTP: true})
	resp, err := client.Do(t.Context(), post("x"))
	require.NoError(t, err)
	assert.Equal(t, "{}", string(resp.Body))
}

func privateAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addresses {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && prefix.Addr().IsPrivate() && !strings.Contains(prefix.Addr().String(), "%") {
			return prefix.Addr().String()
		}
	}
	t.Skip("this machine has no private address")
	return ""
}
