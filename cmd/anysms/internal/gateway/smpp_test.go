package gateway_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/smpp/smpptest"
)

// A vendor that reports over its connection, on each segment by itself, before and after
// a restart of the gateway.
func TestSMPP(t *testing.T) {
	server := smpptest.NewServer(smpptest.Config{})
	t.Cleanup(server.Close)
	l := &lab{T: t, path: filepath.Join(t.TempDir(), "anysms.yaml")}
	require.NoError(t, os.WriteFile(l.path, fmt.Appendf(nil, `providers:
  operator: {driver: smpp, address: %q, system_id: esme, password: secret, sender: Example}
database: anysms.db
serve: {}
`, server.Address()), 0o600))
	l.start()
	t.Cleanup(func() { l.stop() })

	a := l.call("", "POST", "/v1/messages?wait=30s", fmt.Sprintf(`{"to":"+306900000001","text":%q,"ref":"long"}`, strings.Repeat("0123456789", 20)))
	require.Equal(t, 200, a.status, string(a.body))
	require.Equal(t, "accepted", a.get("status"), string(a.body))
	require.Equal(t, "1,2", a.get("provider_id"))
	status := func() any { return l.call("", "GET", "/v1/messages/"+a.get("id").(string), "").get("status") }

	l.reported(server, "1")
	assert.Equal(t, "sent", status(), "there is another segment")
	l.stop()
	l.start()
	l.reported(server, "2")
	assert.Equal(t, "delivered", status())
}

// reported waits until the gateway has taken a report, which it has then recorded.
func (l *lab) reported(server *smpptest.Server, id string) {
	l.Helper()
	l.eventually("taken", func() bool {
		err := server.Report(id, smpptest.StateDelivered)
		var refused smpptest.StatusError
		if !errors.Is(err, smpptest.ErrNoReceiver) && !errors.As(err, &refused) {
			require.NoError(l, err)
		}
		return err == nil
	})
}
