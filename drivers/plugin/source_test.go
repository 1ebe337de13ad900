package plugin_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp/smpptest"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/ledgertest"
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
	c := config(t, "smpp", `{"address": "`+server.Address()+`", "system_id": "esme", "password": "secret"}`)
	ledgertest.EventSource(t, into, ledgertest.Source{
		Open:   func(t *testing.T) provider.Provider { return open(t, c) },
		Listen: func() bool { _, _, transceivers := server.Bound(); return transceivers > 0 },
		Report: func(id string) error { return server.Report(id, smpptest.StateDelivered) },
		Mangle: func() error {
			return server.Deliver(smpptest.Delivery{ESMClass: 0x04, Octets: []byte("\x00\x01 no receipt")})
		},
		Early: func(report func(id string)) {
			server.OnSubmit(func(smpptest.Message) smpptest.Reply { return smpptest.Reply{Before: report} })
		},
	})
}
