package gateway_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/drivers/phonify/phonifytest"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

// TestTwoGateways runs two gateways over one database on PostgreSQL: each event is
// reported to the webhook, whichever of them is stopped, and once unless it is under way
// then.
func TestTwoGateways(t *testing.T) {
	database := postgrestest.Schema(t)
	hook := newEndpoint(t, func(string, int) int { return 204 })
	first := &lab{T: t, vendor: phonifytest.NewServer(phonifytest.Options{}), path: filepath.Join(t.TempDir(), "anysms.yaml"), database: database}
	t.Cleanup(first.vendor.Close)
	first.configure(fmt.Sprintf("{webhooks: [{url: %q, secret: %q, allow_private: true}]}", hook.URL, webhookSecret))
	first.start()
	t.Cleanup(func() { first.stop() })
	second := &lab{T: t, vendor: first.vendor, path: first.path, database: database}
	second.start()
	t.Cleanup(func() { second.stop() })

	const messages = 30
	sent := 0
	send := func(gateways ...*lab) {
		for range messages {
			gateways[sent%len(gateways)].send("", fmt.Sprint("r", sent))
			sent++
		}
		first.eventually("all are reported", func() bool { return len(hook.list()) >= sent })
	}
	send(first, second)
	first.stop() // one of them has the turn; whichever, the other reports what comes
	send(second)
	first.start()
	second.stop()
	send(first)
	hook.mu.Lock()
	defer hook.mu.Unlock()
	assert.Len(t, hook.tries, sent)
	repeated := 0
	for id, tries := range hook.tries {
		assert.LessOrEqual(t, tries, 2, id)
		repeated += tries - 1
	}
	assert.Less(t, repeated, messages/2)
	assert.Empty(t, hook.wrong, "the signature")
}
