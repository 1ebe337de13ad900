// Package pluginpython tests the plugin in Python.
package pluginpython

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

const (
	certificates = `"tls": "auto"`
	plain        = `"tls": "off"`
)

// settings are those of the plugin over a line. They need Python with gRPC,
// which .ci/plugin-python.sh finds or installs.
func settings(t *testing.T, line, url string) []byte {
	t.Helper()
	python := os.Getenv("ANYSMS_PLUGIN_PYTHON")
	if python == "" {
		t.Skip("run .ci/plugin-python.sh")
	}
	return fmt.Appendf(nil, `{"path": %q, "args": ["plugin.py"], %s, "verdict_grace": "1s", "start_timeout": "3m",
		"config": {"base_url": %q, "token": "t0ken-of-acme"}}`, python, line, url)
}

// TestConformance runs the suite with TLS; with ANYSMS_LONG without it too.
func TestConformance(t *testing.T) {
	lines := map[string]string{"certificates": certificates}
	if os.Getenv("ANYSMS_LONG") != "" {
		lines["plain"] = plain
	}
	for name, line := range lines {
		t.Run(name, func(t *testing.T) {
			h, err := conformance.ForDriver(plugin.Driver, settings(t, line, conformance.URLPlaceholder))
			require.NoError(t, err)
			h.Replies = os.DirFS("../plugin-go/testdata/conformance")
			h.Secrets = []string{"t0ken-of-acme"}
			h.Extra = "acme"
			h.Parallel = 4 // each starts a process
			if name == "plain" {
				h.WireProvenBy = "certificates" // the vendor is called by the same code
			}
			conformance.Run(t, h)
		})
	}
}

func TestPlain(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"acme-1","segments":1}`)
	}))
	defer server.Close()
	p, err := plugin.Driver.Open(t.Context(), settings(t, plain, server.URL))
	require.NoError(t, err)
	defer func() { require.NoError(t, p.(io.Closer).Close()) }()
	m := &provider.Message{To: e164.MustParse("+306900000001"), Text: "hello"}
	receipt, err := p.Send(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, "acme-1", receipt.ID)
	server.Close()
	_, err = p.Send(t.Context(), m)
	require.ErrorIs(t, err, provider.Unavailable)
}
