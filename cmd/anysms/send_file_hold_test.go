package main

import (
	"fmt"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// onLine is a writer that calls f once, when a line with given words was written.
type onLine struct {
	mu    sync.Mutex
	all   strings.Builder
	words string
	f     func()
}

func (w *onLine) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all.Write(p)
	if w.f != nil && strings.Contains(w.all.String(), w.words) {
		w.f()
		w.f = nil
	}
	return len(p), nil
}

// A vendor that refuses connections is waited for, and it is said why.
func TestSendFileHolds(t *testing.T) {
	vendor := phonifytest.NewServer(phonifytest.Options{})
	defer vendor.Close()
	target, err := url.Parse(vendor.URL)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	release := httpcalltest.StopListening(l)
	conf := write(t, "anysms.yaml", fmt.Sprintf(`
providers:
  usa: {driver: phonify, api_key: "pk_test_key", base_url: "http://%s"}
router: {default_region: GR, breaker: {open_for: 200ms, failures: 2}}
`, addr))
	file := manyRows(t, 300)

	got := anysms(t, "send", "--config", conf, "--file", file, "--hold", "0")
	assert.Equal(t, cli.ExitRefused, got.code, "without a hold the rows are lost for this run")
	assert.Contains(t, got.stderr, "300 not_sent")
	assert.NotContains(t, got.stderr, "holding")

	var front *httptest.Server
	errOut := &onLine{words: "holding: usa takes no messages now (", f: func() {
		release()
		front = httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(target))
		assert.NoError(t, front.Listener.Close())
		if front.Listener, err = net.Listen("tcp", addr); assert.NoError(t, err) {
			front.Start()
		}
	}}
	var out strings.Builder
	code := run(t.Context(), []string{"send", "--config", conf, "--file", file, "--format", "json"}, strings.NewReader(""), &out, errOut)
	if front != nil {
		defer front.Close()
	}
	require.Equal(t, cli.ExitDone, code, errOut.all.String())
	assert.Len(t, results(t, out.String()), 300)
	assert.Len(t, vendor.Messages(), 300)
	assert.Contains(t, errOut.all.String(), "refused")
	assert.Regexp(t, `trying again for at most (10m0s|9m\d+s)`, errOut.all.String())
	assert.Contains(t, errOut.all.String(), "usa takes messages again, after")

	for _, wrong := range []string{"-1s", "ten"} {
		got := anysms(t, "send", "--config", conf, "--file", file, "--hold", wrong)
		assert.Equal(t, cli.ExitUsage, got.code)
		assert.Contains(t, got.stderr, "want a duration such as 30m, or 0 for none")
	}
}
