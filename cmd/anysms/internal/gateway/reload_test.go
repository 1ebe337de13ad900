package gateway_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What takes a restart is refused by a reload, with the line of the setting, and nothing of
// the new configuration is taken.
func TestReloadRefusesWhatTakesARestart(t *testing.T) {
	l := open(t, keys(key("shop", "scopes: [send, read]")))
	conf, err := os.ReadFile(l.path)
	require.NoError(t, err)
	const says = ": cannot be changed by a reload; restart the gateway, or put back what was there"
	for name, c := range map[string]struct{ old, text, want string }{
		"queue":         {"serve: ", "queue:\n  workers: {otp: 3}\nserve: ", "anysms.yaml:5: queue"},
		"give up":       {"serve: ", "queue: {give_up_after: {otp: 1m}}\nserve: ", "anysms.yaml:5: queue"},
		"database":      {"anysms.db", "other.db", "anysms.yaml:4: database"},
		"retention":     {"serve: ", "ledger:\n  retention: 30d\nserve: ", "anysms.yaml:6: ledger.retention"},
		"settle":        {"serve: ", "ledger: {settle: 1h}\nserve: ", "anysms.yaml:5: ledger.settle"},
		"texts":         {"serve: ", "ledger: {text: keep}\nserve: ", "anysms.yaml:5: ledger.text"},
		"key of ledger": {"serve: ", "ledger: {key_file: other.key}\nserve: ", "anysms.yaml:5: ledger.key_file"},
		"STOP":          {"serve: ", "ledger: {optouts: sender}\nserve: ", "anysms.yaml:5: ledger.optouts"},
		"exempt":        {"serve: ", "guards: {optouts: {exempt: [otp]}}\nserve: ", "anysms.yaml:5: guards.optouts.exempt"},
		"listen":        {"serve: {", "serve: {listen: 127.0.0.1:1, ", "anysms.yaml:5: serve.listen"},
		"TLS":           {"serve: {", "serve: {tls: {cert_file: a, key_file: b}, ", "anysms.yaml:5: serve.tls"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(l.path, conf, 0o600))
			l.rewrite(c.old, c.text)
			l.rewrite("name: shop", "name: other")
			require.ErrorContains(t, l.gateway.Reload(t.Context()), c.want+says)
			assert.Equal(t, http.StatusOK, l.call("shop", http.MethodGet, "/v1/messages", "").status, "the old key is in force")
		})
	}
	l.send("shop", "order-1")
	require.NoError(t, os.WriteFile(l.path, conf, 0o600))
	l.rewrite("serve: ", "queue: {}\nledger: {retention: 90d, settle: 72h, text: erase, optouts: all}\nserve: ")
	require.NoError(t, l.gateway.Reload(t.Context()), "the defaults, spelled out")
	l.send("shop", "order-2")
}
