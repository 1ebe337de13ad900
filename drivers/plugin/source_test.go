package plugin_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/conformance/sourcetest"
	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// What holds for a driver that is linked holds over the plugin line.
func TestEventSource(t *testing.T) {
	file := filepath.Join(t.TempDir(), "anysms.db")
	into := func(t *testing.T) *ledger.Ledger {
		l, err := sqlite.Open(t.Context(), file, ledger.Options{})
		require.NoError(t, err)
		return l
	}
	server := smpptest.NewServer(smpptest.Config{})
	t.Cleanup(server.Close)
	sourcetest.EventSource(t, into, sourcetest.SMPP(server, func(t *testing.T) provider.Provider {
		return open(t, config(t, "smpp", `{"address": "`+server.Address()+`", "system_id": "esme", "password": "secret"}`))
	}))
}
