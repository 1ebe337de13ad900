// Package pluginjava tests the plugin in Java.
package pluginjava

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/plugin"
)

// TestConformance needs the program that .ci/plugin-java.sh builds.
func TestConformance(t *testing.T) {
	java := os.Getenv("ANYSMS_PLUGIN_JAVA")
	if java == "" {
		t.Skip("run .ci/plugin-java.sh")
	}
	h, err := conformance.ForDriver(plugin.Driver, fmt.Appendf(nil, `{
		"path": %q, "args": ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", "build/acme.jar"],
		"verdict_grace": "1s", "start_timeout": "1m",
		"config": {"base_url": "{{url}}", "token": "t0ken-of-acme"}}`, java))
	require.NoError(t, err)
	h.Replies = os.DirFS("../plugin-go/testdata/conformance")
	h.Secrets = []string{"t0ken-of-acme"}
	h.Extra = "acme"
	h.Parallel = 2 // each starts a process
	conformance.Run(t, h)
}
