package queuetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// lab is a queue with one vendor.
type lab struct {
	*testing.T
	h      Harness
	open   func(ledger.Options) (*ledger.Ledger, error)
	vendor *Vendor
	ledger *ledger.Ledger
	router *router.Router
	queue  *queue.Queue

	provider string // the vendor's name in routers that are made from now on; "" = vendor
}

func newLab(t *testing.T, h Harness) *lab {
	l := &lab{T: t, h: h, vendor: NewVendor(t), open: h.Open(t)}
	l.openLedger()
	l.make(queue.Options{}, &router.Options{})
	return l
}

func (l *lab) openLedger() {
	l.Helper()
	var err error
	l.ledger, err = l.open(ledger.Options{})
	require.NoError(l, err)
	l.Cleanup(func() { require.NoError(l, l.ledger.Close()) })
}

// make makes the queue anew.
func (l *lab) make(o queue.Options, ro *router.Options) {
	l.Helper()
	p, err := NewProvider(l.vendor.URL)
	require.NoError(l, err)
	l.over(p, o, ro)
}

// over makes the queue over a provider.
func (l *lab) over(p provider.Provider, o queue.Options, ro *router.Options) {
	l.Helper()
	var err error
	ro.Store, ro.Journal, ro.Validation = l.ledger, l.ledger, router.Shape
	l.router, err = router.New([]router.Upstream{{Name: l.name(), Provider: p}}, ro)
	require.NoError(l, err)
	l.Cleanup(func() { require.NoError(l, l.router.Close(context.Background())) })
	l.queue, err = l.h.New(l.T, l.ledger, l.router, o)
	require.NoError(l, err)
}

// run runs the queue until stop is called, or the test ends.
func (l *lab) run() (stop func()) {
	ctx, cancel := context.WithCancel(l.Context())
	var done sync.WaitGroup
	done.Go(func() { assert.NoError(l, l.queue.Run(ctx)) })
	stop = func() { cancel(); done.Wait() }
	l.Cleanup(stop)
	return stop
}

func text(ref, body string) *provider.Message {
	return &provider.Message{To: e164.MustParse("+12125550123"), Text: body, Ref: ref}
}

func (l *lab) add(m *provider.Message) string {
	l.Helper()
	id, err := l.queue.Enqueue(l.Context(), m)
	require.NoError(l, err)
	return id
}

// addLate queues a message whose deadline is near, but not over when it is queued.
func (l *lab) addLate(m *provider.Message, d time.Duration) string {
	l.Helper()
	for ; ; d *= 4 {
		m.Deadline = time.Now().Add(d)
		id, err := l.queue.Enqueue(l.Context(), m)
		if err != nil && !time.Now().Before(m.Deadline) && d < time.Minute {
			continue // the machine was slower
		}
		require.NoError(l, err)
		return id
	}
}

// outcome waits for a message's outcome.
func (l *lab) outcome(id string) *ledger.Message {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), 2*time.Minute)
	defer cancel()
	m, err := l.queue.Wait(ctx, id)
	if err != nil {
		j, jobErr := l.ledger.Job(l.Context(), id)
		require.NoError(l, err, "%+v %+v (%v)", m, j, jobErr)
	}
	return m
}

func (l *lab) status(id string) ledger.Status {
	l.Helper()
	m, err := l.ledger.Message(l.Context(), id)
	require.NoError(l, err)
	return m.Status
}

// depth sums up the queue over its classes.
func (l *lab) depth() (sum ledger.Depth) {
	l.Helper()
	list, err := l.queue.Stats(l.Context())
	require.NoError(l, err)
	for _, d := range list {
		sum.Ready, sum.Later, sum.Dead = sum.Ready+d.Ready, sum.Later+d.Later, sum.Dead+d.Dead
	}
	return sum
}
