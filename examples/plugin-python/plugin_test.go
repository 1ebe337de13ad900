// Package pluginpython tests the plugin in Python.
package pluginpython

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/plugin"
)

// TestConformance needs Python with gRPC, which .ci/plugin-python.sh finds or
// installs.
func TestConformance(t *testing.T) {
	python := os.Getenv("ANYSMS_PLUGIN_PYTHON")
	if python == "" {
		t.Skip("run .ci/plugin-python.sh")
	}
	for name, line := range map[string]string{"certificates": `"tls": "auto"`, "plain": `"tls": "off"`} {
		t.Run(name, func(t *testing.T) {
			h, err := conformance.ForDriver(plugin.Driver, fmt.Appendf(nil, `{
				"path": %q, "args": ["plugin.py"], %s, "verdict_grace": "1s", "start_timeout": "1m",
				"config": {"base_url": "{{url}}", "token": "t0ken-of-acme"}}`, python, line))
			require.NoError(t, err)
			h.Replies = os.DirFS("../plugin-go/testdata/conformance")
			h.Secrets = []string{"t0ken-of-acme"}
			h.Extra = "acme"
			h.Parallel = 2 // each starts a process
			if name == "plain" {
				h.WireProvenBy = "certificates" // the vendor is called by the same code
			}
			conformance.Run(t, h)
		})
	}
}
