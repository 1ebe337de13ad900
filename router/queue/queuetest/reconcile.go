package queuetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// lossy is a provider that loses the responses of its vendor, which lists its messages from
// some time on.
type lossy struct {
	provider.Provider
	vendor *Vendor
	lists  atomic.Bool
	asked  atomic.Int64
}

func (*lossy) Capabilities() provider.Capabilities {
	return provider.Capabilities{Features: provider.HasFind}
}

func (p *lossy) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	if _, err := p.Provider.Send(ctx, m); err != nil {
		return nil, err
	}
	return nil, provider.NewError(provider.Indeterminate, "the connection was cut")
}

func (p *lossy) Find(_ context.Context, m *provider.Message, _ time.Time) (*provider.Receipt, error) {
	p.asked.Add(1)
	if !p.lists.Load() || p.vendor.Sent(m.Ref) == 0 {
		return nil, nil
	}
	return &provider.Receipt{ID: "id-" + m.Ref}, nil
}

// testReconcile loses the response of a vendor, which is asked about the message by jobs of
// their own, also after a restart.
func testReconcile(l *lab) {
	p, err := NewProvider(l.vendor.URL)
	require.NoError(l, err)
	vendor := &lossy{Provider: p, vendor: l.vendor}
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
	assert.Equal(l, 1, l.vendor.Sent(id))
}
