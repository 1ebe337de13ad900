// Package pluginnode tests the plugin in JavaScript.
package pluginnode

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

const (
	stream = `"tls": "auto"`
	unary  = `"tls": "off", "unary": true`
)

// settings are those of the plugin over a line. They need Node.js and the packages of
// package.json, which .ci/plugin-node.sh installs.
func settings(t *testing.T, line, url string) []byte {
	t.Helper()
	if os.Getenv("ANYSMS_PLUGIN_NODE") == "" {
		t.Skip("run .ci/plugin-node.sh")
	}
	node, err := exec.LookPath("node")
	require.NoError(t, err)
	return fmt.Appendf(nil, `{"path": %q, "args": ["plugin.js"], %s, "verdict_grace": "1s", "start_timeout": "3m",
		"config": {"base_url": %q, "token": "t0ken-of-acme"}}`, node, line, url)
}

// TestConformance runs the suite over the stream; with ANYSMS_LONG over unary calls too.
func TestConformance(t *testing.T) {
	lines := map[string]string{"stream": stream}
	if os.Getenv("ANYSMS_LONG") != "" {
		lines["unary"] = unary
	}
	for name, line := range lines {
		t.Run(name, func(t *testing.T) {
			h, err := conformance.ForDriver(plugin.Driver, settings(t, line, conformance.URLPlaceholder))
			require.NoError(t, err)
			h.Replies = os.DirFS("../plugin-go/testdata/conformance")
			h.Secrets = []string{"t0ken-of-acme"}
			h.Extra = "acme"
			h.Parallel = 4 // each starts a process
			if name == "unary" {
				h.WireProvenBy = "stream" // the vendor is called by the same code
			}
			conformance.Run(t, h)
		})
	}
}

func TestUnary(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"acme-1","segments":1}`)
	}))
	defer server.Close()
	p, err := plugin.Driver.Open(t.Context(), settings(t, unary, server.URL))
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
