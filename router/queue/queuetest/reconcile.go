package queuetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// slowList is a vendor that lists its messages from some time on.
type slowList struct {
	*memory.Provider
	lists atomic.Bool
	asked atomic.Int64
}

func (s *slowList) Unwrap() provider.Provider { return s.Provider }

func (s *slowList) Find(ctx context.Context, m *provider.Message, since time.Time) (*provider.Receipt, error) {
	s.asked.Add(1)
	if !s.lists.Load() {
		return nil, nil
	}
	return s.Provider.Find(ctx, m, since)
}

// testReconcile loses the response of a vendor, which is asked about the message by jobs of
// their own, also after a restart.
func testReconcile(l *lab) {
	p, err := memory.New(memory.Config{})
	require.NoError(l, err)
	p.Script(memory.Answer{Err: provider.NewError(provider.Indeterminate, "the connection was cut"), Taken: true})
	vendor := &slowList{Provider: p}
	l.over(vendor, queue.Options{}, &router.Options{})
	stop := l.run()
	m := text("order-1", "Hello")
	m.Delivery = provider.Reconcile
	id := l.add(m)
	assert.Equal(l, ledger.Unknown, l.outcome(id).Status)
	require.Eventually(l, func() bool { return vendor.asked.Load() > 0 }, 30*time.Second, 20*time.Millisecond)
	stop()
	j, err := l.ledger.Job(l.Context(), id)
	require.NoError(l, err)
	assert.Contains(l, j.Reason, "asked again")
	vendor.lists.Store(true)
	l.over(vendor, queue.Options{}, &router.Options{})
	l.run()
	require.Eventually(l, func() bool { return l.status(id) == ledger.Accepted }, time.Minute, 20*time.Millisecond)
	require.Eventually(l, func() bool {
		_, err := l.ledger.Job(l.Context(), id)
		return errors.Is(err, ledger.ErrNotQueued)
	}, time.Minute, 20*time.Millisecond)
	assert.Equal(l, 1, p.Attempts())
}
