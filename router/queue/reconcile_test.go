package queue_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
	"github.com/anysms/anysms/router/queue"
)

// slowList is a vendor that lists its messages only after some time.
type slowList struct {
	*memory.Provider
	after time.Duration
	began time.Time

	mu    sync.Mutex
	asked int
}

func (s *slowList) Unwrap() provider.Provider { return s.Provider }

func (s *slowList) Find(ctx context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if time.Since(s.began) < s.after {
		return nil, nil
	}
	return s.Provider.Find(ctx, m, since)
}

// TestReconcile: a vendor that may have a message is asked about it for as long as it takes,
// and no worker waits meanwhile.
func TestReconcile(t *testing.T) {
	doubt := provider.NewError(provider.Indeterminate, "the connection was cut")
	for name, c := range map[string]struct {
		taken     bool          // the vendor has the message
		listed    time.Duration // after that
		settles   time.Duration // what is not listed then is not there
		class     provider.Class
		status    ledger.Status
		duplicate bool
		attempts  int
		took      time.Duration
		asked     int
	}{
		"listed at once":                 {taken: true, settles: time.Minute, status: ledger.Accepted, attempts: 1, took: time.Second, asked: 1},
		"listed after a minute":          {taken: true, listed: time.Minute, status: ledger.Accepted, attempts: 1, took: 64 * time.Second, asked: 7},
		"not there, which is proof":      {settles: 3 * time.Minute, status: ledger.Accepted, duplicate: true, attempts: 2, took: 3 * time.Minute, asked: 9},
		"not there, which is no proof":   {class: provider.OTP, status: ledger.Unknown, attempts: 1, took: 5 * time.Minute, asked: 10},
		"no proof before it is given up": {class: provider.OTP, settles: time.Hour, status: ledger.Unknown, attempts: 1, took: 5 * time.Minute, asked: 10},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "anysms.db")
			synctest.Test(t, func(t *testing.T) {
				v, err := memory.New(memory.Config{FindSettles: provider.Duration(c.settles), Delay: provider.Duration(10 * time.Millisecond)})
				require.NoError(t, err)
				vendor := &slowList{Provider: v, after: c.listed, began: time.Now()}
				v.Script(memory.Answer{Err: doubt, Taken: c.taken})
				l, err := sqlite.Open(context.Background(), path, ledger.Options{Feed: true})
				require.NoError(t, err)
				r, err := router.New([]router.Upstream{{Name: "vendor", Provider: vendor}},
					&router.Options{Store: l, Journal: l, Validation: router.Shape, AttemptBudget: c.attempts})
				require.NoError(t, err)
				q, err := queue.New(l, r, queue.Options{Lanes: map[provider.Class]queue.Lane{provider.OTP: {Workers: 1}, provider.Transactional: {Workers: 1}}})
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(context.Background())
				var done sync.WaitGroup
				done.Go(func() { assert.NoError(t, q.Run(ctx)) })

				began := time.Now()
				id, err := q.Enqueue(ctx, &provider.Message{To: e164.MustParse("+12125550123"), Text: "Hello", Class: c.class, Delivery: provider.Reconcile})
				require.NoError(t, err)
				m, err := q.Wait(ctx, id)
				require.NoError(t, err)
				assert.Equal(t, ledger.Unknown, m.Status, "it is honest meanwhile")
				cancelled, err := q.Cancel(ctx, id)
				require.NoError(t, err)
				assert.False(t, cancelled)
				next, err := q.Enqueue(ctx, &provider.Message{To: e164.MustParse("+12125550124"), Text: "Hello", Class: c.class})
				require.NoError(t, err)
				m, err = q.Wait(ctx, next)
				require.NoError(t, err)
				assert.Equal(t, ledger.Accepted, m.Status)
				assert.Less(t, time.Since(began), time.Second, "the only worker of the class is free")

				time.Sleep(c.took - time.Since(began) - time.Second/2)
				waiting, err := l.Job(ctx, id)
				require.NoError(t, err, "it is in the queue until then")
				assert.Contains(t, waiting.Reason, "asked again")
				time.Sleep(c.took/10 + 3*time.Second)
				m, err = l.Message(ctx, id)
				require.NoError(t, err)
				assert.Equal(t, c.status, m.Status, m.Reason)
				assert.Equal(t, c.duplicate, m.DuplicatePossible)
				assert.Len(t, m.Attempts, c.attempts)
				assert.Equal(t, c.attempts+1, v.Attempts())
				assert.Equal(t, c.asked, vendor.asked)
				_, err = l.Job(ctx, id)
				require.ErrorIs(t, err, ledger.ErrNotQueued)
				assert.Equal(t, 1, unknown(t, l, id), "the doubt is told once")

				cancel()
				done.Wait()
				require.NoError(t, r.Close(context.Background()))
				require.NoError(t, l.Close())
			})
		})
	}
}

// unknown counts how often programs were told that a message is unknown.
func unknown(t *testing.T, l *ledger.Ledger, id string) (n int) {
	t.Helper()
	list, err := l.Feed(t.Context(), 0, 100)
	require.NoError(t, err)
	for _, c := range list {
		if c.Type == "message.unknown" && c.Message.ID == id {
			n++
		}
	}
	return n
}
