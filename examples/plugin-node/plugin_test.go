// Package pluginnode tests the plugin in JavaScript.
package pluginnode

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/plugin"
)

// TestConformance needs Node.js and the packages of package.json, which
// .ci/plugin-node.sh installs.
func TestConformance(t *testing.T) {
	if os.Getenv("ANYSMS_PLUGIN_NODE") == "" {
		t.Skip("run .ci/plugin-node.sh")
	}
	node, err := exec.LookPath("node")
	require.NoError(t, err)
	for name, line := range map[string]string{"stream": `"tls": "auto"`, "unary": `"tls": "off", "unary": true`} {
		t.Run(name, func(t *testing.T) {
			h, err := conformance.ForDriver(plugin.Driver, fmt.Appendf(nil, `{
				"path": %q, "args": ["plugin.js"], %s, "verdict_grace": "1s", "start_timeout": "1m",
				"config": {"base_url": "{{url}}", "token": "t0ken-of-acme"}}`, node, line))
			require.NoError(t, err)
			h.Replies = os.DirFS("../plugin-go/testdata/conformance")
			h.Secrets = []string{"t0ken-of-acme"}
			h.Extra = "acme"
			h.Parallel = 2 // each starts a process
			if name == "unary" {
				h.WireProvenBy = "stream" // the vendor is called by the same code
			}
			conformance.Run(t, h)
		})
	}
}
