package httpcall_test

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// What a vendor repeats of the message is in no error, in whatever way the driver
// makes it.
func TestPrivateValuesAreNotShown(t *testing.T) {
	const words = `Text "Your login code is 4711" to +1 (415) 555-2671 was blocked`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, words) }))
	defer server.Close()
	r := post("x")
	r.Private = []string{"14155552671", "Your login code is 4711"}
	resp, err := newClient(t, httpcall.Config{BaseURL: server.URL}, "s3cr3t").Do(t.Context(), r)
	require.NoError(t, err)
	for name, err := range map[string]error{
		"message": resp.Failed(provider.Rejected, "21408", words),
		"code":    resp.Failed(provider.Rejected, words, ""),
		"cause":   resp.Indeterminate(errors.New(words)),
		"own":     errors.New(resp.Redact(words)),
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, err, `Text "[text]" to +[number] was blocked`)
			assert.NotContains(t, fmt.Sprintf("%#v", err), "4711")
		})
	}
	assert.Equal(t, "482913", resp.Failed(provider.Rejected, "482913", "").VendorCode, "a code of six digits is shown")
	assert.Equal(t, "[redacted]", resp.Failed(provider.Rejected, "s3cr3t", "").VendorCode)
	assert.Equal(t, words, string(resp.Body), "the response itself is unchanged")
}

// A proxy that refuses may repeat the credentials that it was sent, in the one line
// that net/http makes an error of.
func TestProxyCredentialsAreNotShown(t *testing.T) {
	const password = "pr0xy p4ss"
	basic := base64.StdEncoding.EncodeToString([]byte("gate:" + password))
	for name, line := range map[string]string{
		"password": "no such user gate with " + password,
		"basic":    "Basic " + basic + " is wrong",
		"encoded":  "gate:pr0xy%20p4ss is wrong",
		"query":    "p=pr0xy+p4ss",
		"long":     strings.Repeat("why ", 5000) + password,
	} {
		t.Run(name, func(t *testing.T) {
			proxy := serve(t, func(_ *socket, c net.Conn, r *bufio.Reader) {
				defer c.Close()
				if _, err := http.ReadRequest(r); err == nil {
					fmt.Fprintf(c, "HTTP/1.1 407 %s\r\nContent-Length: 0\r\n\r\n", line)
				}
			})
			address := strings.Replace(proxy.url, "http://", "http://gate:pr0xy%20p4ss@", 1)
			client := newClient(t, httpcall.Config{BaseURL: "https://sms.example", Proxy: provider.Secret(address)})
			_, err := client.Do(t.Context(), post("x"))
			require.ErrorIs(t, err, provider.Unavailable)
			text := fmt.Sprintf("%v %#v", err, err)
			for _, form := range []string{password, basic, "pr0xy", base64.StdEncoding.EncodeToString([]byte(password))[:12]} {
				assert.NotContains(t, text, form)
			}
			assert.Less(t, len(err.Error()), 1100)
		})
	}
}

// The address of a proxy without credentials is no secret.
func TestProxyWithoutCredentialsIsShown(t *testing.T) {
	proxy := serve(t, func(s *socket, c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err == nil {
			fmt.Fprintf(c, "HTTP/1.1 403 %s allows no such host\r\nContent-Length: 0\r\n\r\n", s.url)
		}
	})
	client := newClient(t, httpcall.Config{BaseURL: "https://sms.example", Proxy: provider.Secret(proxy.url)})
	_, err := client.Do(t.Context(), post("x"))
	require.ErrorIs(t, err, provider.Unavailable)
	assert.ErrorContains(t, err, proxy.url+" allows no such host")
}

// Errors of the network do not repeat the message either, whatever is in them.
func TestPrivateValuesAreNotInErrorsOfTheNetwork(t *testing.T) {
	client := newClient(t, httpcall.Config{BaseURL: "http://127.0.0.1:9", DialControl: func(string, string, syscall.RawConn) error {
		return errors.New("no way for YOUR LOGIN CODE IS 4711")
	}})
	r := post("x")
	r.Private = []string{"Your login code is 4711"}
	_, err := client.Do(t.Context(), r)
	require.ErrorIs(t, err, provider.Unavailable)
	assert.ErrorContains(t, err, "no way for [text]")
}
