// Package drivertest has the checks that the tests of several drivers share.
package drivertest

import (
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// Texts are texts of one segment, by name, that must arrive as written.
func Texts() map[string]string {
	return map[string]string{
		"plain":      "Hello",
		"Greek":      "Καλημέρα, ο κωδικός είναι 123456",
		"emoji":      "👋🏽 café ☕",
		"characters": "a+b=c&d;e%20f \"quoted\" {KEY} [x] <b>\nline € \\",
	}
}

// CheckSettings opens the driver with settings, JSON. They are good if path is
// "", else the error is a *provider.ConfigError for the path that holds want and
// does not repeat the secret.
func CheckSettings(t *testing.T, d provider.Driver, settings, path, want, secret string) {
	t.Helper()
	p, err := d.Open(t.Context(), []byte(settings))
	if path == "" {
		require.NoError(t, err)
		require.NoError(t, provider.Close(p))
		return
	}
	var wrong *provider.ConfigError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, path, wrong.Path)
	assert.ErrorContains(t, err, want)
	assert.NotContains(t, err.Error(), secret)
}

// Vendor is a fake vendor that answers the next request as it is told to.
type Vendor interface {
	Fail(status int, body string)
	Requests() int
}

// CheckFailure sends m once to the vendor, which answers with the status and the
// body. The error must have the code.
func CheckFailure(t *testing.T, vendor Vendor, p provider.Provider, m *provider.Message, status int, body string, want provider.Code) {
	t.Helper()
	vendor.Fail(status, body)
	receipt, err := p.Send(t.Context(), m)
	require.ErrorIs(t, err, want)
	assert.Nil(t, receipt)
	assert.Equal(t, 1, vendor.Requests())
}

// CheckAcceptance sends m once to the vendor, which answers 201 with the body.
// It must be read as the acceptance of the id.
func CheckAcceptance(t *testing.T, vendor Vendor, p provider.Provider, m *provider.Message, body, id string) {
	t.Helper()
	vendor.Fail(http.StatusCreated, body)
	receipt, err := p.Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, id, receipt.ID)
}

// InTime calls try with a longer time each time, until it says that what must come
// before the end of that time came before it. So a test of a deadline is as short as
// the machine allows.
func InTime(t *testing.T, first time.Duration, try func(d time.Duration) bool) {
	t.Helper()
	for d := first; !try(d); d *= 4 {
		require.Less(t, d, time.Minute, "no time is long enough")
	}
}

// Recorder is a server that keeps the requests it gets.
type Recorder struct {
	*httpcalltest.Server

	mu   sync.Mutex
	seen []string
}

// NewRecorder starts a Recorder that answers 200 with the body.
func NewRecorder(t *testing.T, body string) *Recorder {
	t.Helper()
	r := &Recorder{}
	r.Server = httpcalltest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req.Host = "vendor.example"
		dump, err := httputil.DumpRequest(req, true)
		if !assert.NoError(t, err) {
			return
		}
		r.mu.Lock()
		r.seen = append(r.seen, strings.ReplaceAll(string(dump), "\r\n", "\n")+"\n")
		r.mu.Unlock()
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(r.Close)
	return r
}

// Request is the only request there was, as it stood on the line except its line
// ends and the host, which is vendor.example.
func (r *Recorder) Request(t *testing.T) string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Len(t, r.seen, 1)
	return r.seen[0]
}
