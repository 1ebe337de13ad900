package main

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/plugin"
)

// The test binary is also the plugin: if a host starts it, it runs main.
func TestMain(m *testing.M) {
	if os.Getenv("ANYSMS_PLUGIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("starts some hundred plugins")
	}
	self, err := os.Executable()
	require.NoError(t, err)
	h, err := conformance.ForDriver(plugin.Driver, []byte(`{"path": `+strconv.Quote(self)+`, "verdict_grace": "1s", "start_timeout": "1m", "config": {"base_url": "{{url}}", "timeout": "{{timeout}}", "token": "t0ken-of-acme"}}`))
	require.NoError(t, err)
	h.Replies = os.DirFS("testdata/conformance")
	h.Secrets = []string{"t0ken-of-acme"}
	h.Extra = "acme"
	conformance.Run(t, h)
}
