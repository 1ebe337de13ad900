package riverqueue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger"
)

// TestSweep loses River's jobs: the messages get new ones, once.
func TestSweep(t *testing.T) {
	s := newShop(t)
	lost, err := s.queue.Enqueue(t.Context(), order("order-1", "Thank you."))
	require.NoError(t, err)
	_, err = s.pool.Exec(t.Context(), `DELETE FROM river_job`)
	require.NoError(t, err)
	kept, err := s.queue.Enqueue(t.Context(), order("order-2", "Thank you."))
	require.NoError(t, err)
	require.NoError(t, s.queue.Sweep(t.Context(), time.Hour))
	assert.Equal(t, 1, s.jobs(), "it is not due for long")
	require.NoError(t, s.queue.Sweep(t.Context(), 0))
	require.NoError(t, s.queue.Sweep(t.Context(), 0))
	assert.Equal(t, 2, s.jobs())
	s.run()
	for _, id := range []string{lost, kept} {
		assert.Equal(t, ledger.Accepted, s.outcome(id).Status)
		assert.Equal(t, 1, s.vendor.Sent(id))
	}
}

func (s *shop) jobs() (n int) {
	s.Helper()
	require.NoError(s, s.pool.QueryRow(s.Context(), `SELECT count(*) FROM river_job`).Scan(&n))
	return n
}

// TestNewerVersion leaves a job of a newer program to newer programs.
func TestNewerVersion(t *testing.T) {
	s := newShop(t)
	id, err := s.queue.Enqueue(t.Context(), order("order-1", "Thank you."))
	require.NoError(t, err)
	_, err = s.pool.Exec(t.Context(), `UPDATE river_job SET args = jsonb_set(args, '{v}', '2')`)
	require.NoError(t, err)
	s.run()
	require.Eventually(t, func() bool {
		var state string
		err := s.pool.QueryRow(t.Context(), `SELECT state FROM river_job`).Scan(&state)
		return err == nil && state == "scheduled"
	}, time.Minute, 20*time.Millisecond)
	m, err := s.ledger.Message(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, ledger.Queued, m.Status)
	assert.Zero(t, s.vendor.Total())
}
