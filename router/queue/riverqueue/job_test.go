package riverqueue_test

import (
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue/riverqueue"
)

// wireArgs are the arguments of a job as other programs see them.
type wireArgs struct {
	ID      string `json:"id"`
	Version int    `json:"v"`
}

func (wireArgs) Kind() string { return "anysms_send" }

// TestJobOfEnqueueTx looks at the job that is inserted in the caller's transaction.
func TestJobOfEnqueueTx(t *testing.T) {
	s := newShop(t)
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	code := order("order-1", "Your code is 123456")
	code.Class = provider.OTP
	code.SendAt = time.Now().Add(time.Hour).Truncate(time.Microsecond)
	done, err := s.queue.EnqueueTx(t.Context(), tx, code)
	require.NoError(t, err)
	require.NoError(t, done[0].Err)

	job := rivertest.RequireInsertedTx[*riverpgxv5.Driver](t.Context(), t, tx, wireArgs{}, &rivertest.RequireInsertedOpts{
		MaxAttempts: 32767, Queue: "anysms_otp", ScheduledAt: code.SendAt, State: "scheduled",
	})
	assert.Equal(t, wireArgs{done[0].ID, 1}, job.Args)
	assert.NotContains(t, string(job.EncodedArgs), "123456", "a job holds no text")

	again, err := s.queue.EnqueueTx(t.Context(), tx, code)
	require.NoError(t, err)
	assert.True(t, again[0].Replayed)
	rivertest.RequireInsertedTx[*riverpgxv5.Driver](t.Context(), t, tx, wireArgs{}, nil) // fails if there are two
	require.NoError(t, tx.Rollback(t.Context()))
	rivertest.RequireNotInserted(t.Context(), t, riverpgxv5.New(s.pool), wireArgs{}, nil)
}

// TestJobResults looks at what River is told of each job.
func TestJobResults(t *testing.T) {
	s := newShop(t)
	sent, err := s.queue.Enqueue(t.Context(), order("order-1", "Thank you."))
	require.NoError(t, err)
	later := order("order-2", "Thank you.")
	later.SendAt = time.Now().Add(time.Hour)
	planned, err := s.queue.Enqueue(t.Context(), later)
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		args riverqueue.Args
		want river.EventKind
		in   time.Duration
	}{
		{"sent", riverqueue.Args{ID: sent, Version: 1}, river.EventKindJobCompleted, 0},
		{"sent before", riverqueue.Args{ID: sent, Version: 1}, river.EventKindJobCompleted, 0},
		{"of nobody", riverqueue.Args{ID: "msg_nobody", Version: 1}, river.EventKindJobCompleted, 0},
		{"not due", riverqueue.Args{ID: planned, Version: 1}, river.EventKindJobSnoozed, time.Hour},
		{"of a newer version", riverqueue.Args{ID: planned, Version: 2}, river.EventKindJobSnoozed, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx, err := s.pool.Begin(t.Context())
			require.NoError(t, err)
			defer func() { _ = tx.Rollback(t.Context()) }()
			w := rivertest.NewWorker(t, riverpgxv5.New(s.pool), s.queue.Config(), s.queue.Worker())
			result, err := w.Work(t.Context(), t, tx, c.args, &river.InsertOpts{Queue: "anysms_transactional"})
			require.NoError(t, err)
			assert.Equal(t, c.want, result.EventKind)
			if c.in > 0 {
				assert.WithinDuration(t, time.Now().Add(c.in), result.Job.ScheduledAt, time.Minute)
			}
		})
	}
	assert.Equal(t, 1, s.vendor.Sent(sent))
	m, err := s.ledger.Message(t.Context(), planned)
	require.NoError(t, err)
	assert.Equal(t, ledger.Queued, m.Status)
}
