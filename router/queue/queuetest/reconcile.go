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

// inDoubt queues a message whose vendor is asked again and again.
func (l *lab) inDoubt(ref string) (id string) {
	l.Helper()
	m := text(ref, "Hello")
	m.Delivery = provider.Reconcile
	id = l.add(m)
	require.Equal(l, ledger.Unknown, l.outcome(id).Status)
	_, err := l.ledger.Job(l.Context(), id)
	require.NoError(l, err, "it is in the queue")
	return id
}

// overLossy makes the queue over a vendor whose responses are lost, and runs it.
func (l *lab) overLossy() *lossy {
	l.Helper()
	p, err := NewProvider(l.vendor.URL)
	require.NoError(l, err)
	vendor := &lossy{Provider: p, vendor: l.vendor}
	l.over(vendor, queue.Options{}, &router.Options{})
	l.run()
	return vendor
}

// hasLeft holds that a message is not in the queue any more, and was sent once.
func (l *lab) hasLeft(id string, status ledger.Status) {
	l.Helper()
	_, err := l.ledger.Job(l.Context(), id)
	require.ErrorIs(l, err, ledger.ErrNotQueued)
	again, err := l.queue.Work(l.Context(), id) // somebody was woken for it
	require.NoError(l, err)
	assert.Zero(l, again)
	assert.Equal(l, status, l.status(id))
	assert.Equal(l, 1, l.vendor.Sent(id))
}

// testResolved settles a message by hand while its vendor is asked about it.
func testResolved(l *lab) {
	l.overLossy()
	there, gone := l.inDoubt("a"), l.inDoubt("b")
	require.NoError(l, l.ledger.Resolve(l.Context(), there, provider.OutcomeAccepted))
	require.NoError(l, l.ledger.Resolve(l.Context(), gone, provider.OutcomeNotSent))
	l.hasLeft(there, ledger.Accepted)
	l.hasLeft(gone, ledger.NotSent)
	m, err := l.ledger.Message(l.Context(), gone)
	require.NoError(l, err)
	asked := router.Attempt{ID: m.Attempts[0].ID, Provider: "vendor", Outcome: provider.OutcomeUnknown, Code: provider.Indeterminate, Earlier: true}
	late := &router.Result{Ref: gone, Status: provider.OutcomeUnknown, Code: provider.Indeterminate, Attempts: []router.Attempt{asked}}
	require.ErrorIs(l, l.ledger.Finish(l.Context(), router.Claim{Ref: gone, Owner: "another", Keep: time.Hour}, late), router.ErrNotOwner)
	assert.Equal(l, ledger.NotSent, l.status(gone), "who has asked in vain meanwhile knows nothing new")
	d := l.depth()
	assert.Equal(l, []int{0, 0, 1}, []int{d.Ready, d.Later, d.Dead})
	n, err := l.queue.Retry(l.Context(), gone)
	require.NoError(l, err)
	assert.Equal(l, 1, n, "a person may put it back")
	require.Eventually(l, func() bool { return l.vendor.Sent(gone) == 2 }, time.Minute, 20*time.Millisecond)
}

// testReported settles a message by its report while its vendor is asked about it.
func testReported(l *lab) {
	l.overLossy()
	for _, s := range []provider.Status{provider.StatusSent, provider.StatusDelivered, provider.StatusUndelivered} {
		id := l.inDoubt(string(s))
		m, err := l.ledger.Message(l.Context(), id)
		require.NoError(l, err)
		_, err = l.ledger.Record(l.Context(), "vendor", provider.Event{Kind: provider.Report, Attempt: m.Attempts[0].ID, ID: "id-" + id, Status: s, Final: s != provider.StatusSent})
		require.NoError(l, err)
		l.hasLeft(id, ledger.Status(s))
	}
	assert.Zero(l, l.depth())
}
