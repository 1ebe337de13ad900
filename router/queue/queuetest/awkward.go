package queuetest

import (
	"context"
	"math/rand/v2"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// wordy is a provider whose vendor calls each message something very long.
type wordy struct{ provider.Provider }

func (p wordy) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	receipt, err := p.Provider.Send(ctx, m)
	if err != nil {
		return nil, err
	}
	id := make([]byte, 50_000)
	for i := range id {
		id[i] = byte('a' + rand.N(26)) // what PostgreSQL cannot compress
	}
	receipt.ID = string(id)
	return receipt, nil
}

// testLongID: a vendor's id that PostgreSQL does not take costs the id, not the outcome.
func testLongID(l *lab) {
	p, err := NewProvider(l.vendor.URL)
	require.NoError(l, err)
	l.over(wordy{p}, queue.Options{}, &router.Options{})
	l.run()
	id := l.add(text("a", "Hello"))
	m := l.outcome(id)
	assert.Equal(l, ledger.Accepted, m.Status, m.Reason)
	assert.Equal(l, "vendor", m.Provider)
	l.Logf("len %d %+v", len(m.ProviderID), m.Attempts)
	assert.Contains(l, []int{0, 50_000}, len(m.ProviderID))
	assert.Zero(l, l.depth(), "it has left the queue")
	assert.Equal(l, 1, l.vendor.Sent(id))
}

// testNewerJobs: what a newer program has queued, and what is damaged, waits, and holds up
// nothing else.
func testNewerJobs(l *lab) {
	newer, damaged := l.add(text("a", "Hello")), l.add(text("b", "Hello"))
	payloads := make(map[string]string)
	for _, id := range []string{newer, damaged} {
		payloads[id] = l.payload(id)
	}
	require.Contains(l, payloads[newer], `"v":1`)
	l.setPayload(newer, strings.Replace(payloads[newer], `"v":1`, `"v":2,"to":["an","array","by","then"]`, 1))
	l.setPayload(damaged, payloads[damaged][:20])
	l.run()
	sent := l.add(text("c", "Hello"))
	assert.Equal(l, ledger.Accepted, l.outcome(sent).Status)
	_, err := l.ledger.Job(l.Context(), newer)
	require.ErrorIs(l, err, ledger.ErrUnreadable)
	require.ErrorContains(l, err, "was queued by a newer anysms (version 2; this program reads 1)")
	_, err = l.ledger.Job(l.Context(), damaged)
	require.ErrorIs(l, err, ledger.ErrUnreadable)
	for _, id := range []string{newer, damaged} {
		assert.Equal(l, ledger.Queued, l.status(id))
		assert.Zero(l, l.vendor.Sent(id))
	}
	done, err := l.queue.Cancel(l.Context(), damaged)
	require.NoError(l, err)
	assert.True(l, done, "it can be withdrawn")

	l.setPayload(newer, payloads[newer])
	again, err := l.queue.Work(l.Context(), newer) // as the engine does once it is due
	require.NoError(l, err)
	if !again.IsZero() {
		l.exec(`UPDATE anysms_queue SET due_at = 0 WHERE message = $1`, newer)
		_, err = l.queue.Work(l.Context(), newer)
		require.NoError(l, err)
	}
	assert.Equal(l, ledger.Accepted, l.outcome(newer).Status)
	assert.Equal(l, 1, l.vendor.Sent(newer))
}

func (l *lab) payload(id string) (text string) {
	l.Helper()
	require.NoError(l, l.ledger.Database().Read(l.Context(), func(tx ledger.Tx) error {
		return tx.Query(l.Context(), func(scan func(...any) error) error { return scan(&text) }, `SELECT payload FROM anysms_queue WHERE message = $1`, id)
	}))
	return text
}

func (l *lab) setPayload(id, text string) {
	l.Helper()
	l.exec(`UPDATE anysms_queue SET payload = $1 WHERE message = $2`, text, id)
}

func (l *lab) exec(sql string, args ...any) {
	l.Helper()
	require.NoError(l, l.ledger.Database().Write(l.Context(), func(tx ledger.Tx) error {
		_, err := tx.Exec(l.Context(), sql, args)
		return err
	}))
}
