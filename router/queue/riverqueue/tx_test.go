package riverqueue_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/queuetest"
	"github.com/anysms/anysms/router/queue/riverqueue"
)

// shop is a program with a table of its own beside the queue's.
type shop struct {
	*testing.T
	pool   *pgxpool.Pool
	vendor *queuetest.Vendor
	ledger *ledger.Ledger
	router *router.Router
	queue  *riverqueue.Queue
}

func newShop(t *testing.T) *shop { return newShopAt(t, postgrestest.Schema(t)) }

func newShopAt(t *testing.T, address string) *shop {
	s := &shop{T: t, vendor: queuetest.NewVendor(t)}
	s.ledger = open(t, address)
	t.Cleanup(func() { require.NoError(t, s.ledger.Close()) })
	p, err := queuetest.NewProvider(s.vendor.URL)
	require.NoError(t, err)
	s.router, err = router.New([]router.Upstream{{Name: "vendor", Provider: p}}, &router.Options{Store: s.ledger, Journal: s.ledger, Validation: router.Shape})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.router.Close(context.Background())) })
	s.queue, err = riverqueue.New(t.Context(), s.ledger, s.router, queue.Options{})
	require.NoError(t, err)
	t.Cleanup(s.queue.Close)
	s.pool, err = pgxpool.New(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(s.pool.Close)
	_, err = s.pool.Exec(t.Context(), `CREATE TABLE orders (id TEXT PRIMARY KEY)`)
	require.NoError(t, err)
	return s
}

func (s *shop) run() {
	ctx, cancel := context.WithCancel(s.Context())
	done := make(chan struct{})
	go func() { defer close(done); assert.NoError(s, s.queue.Run(ctx)) }()
	s.Cleanup(func() { cancel(); <-done })
}

func order(ref, text string) *provider.Message {
	return &provider.Message{To: e164.MustParse("+12125550123"), Text: text, Ref: ref}
}

// sell inserts an order and queues its text in one transaction.
func (s *shop) sell(commit bool, ms ...*provider.Message) []queue.Enqueued {
	s.Helper()
	tx, err := s.pool.Begin(s.Context())
	require.NoError(s, err)
	defer func() { _ = tx.Rollback(s.Context()) }()
	for _, m := range ms {
		_, err = tx.Exec(s.Context(), `INSERT INTO orders (id) VALUES ($1) ON CONFLICT DO NOTHING`, m.Ref)
		require.NoError(s, err)
	}
	done, err := s.queue.EnqueueTx(s.Context(), tx, ms...)
	require.NoError(s, err)
	if commit {
		require.NoError(s, tx.Commit(s.Context()))
	}
	return done
}

func (s *shop) orders() (n int) {
	s.Helper()
	require.NoError(s, s.pool.QueryRow(s.Context(), `SELECT count(*) FROM orders`).Scan(&n))
	return n
}

func (s *shop) outcome(id string) *ledger.Message {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 2*time.Minute)
	defer cancel()
	m, err := s.queue.Wait(ctx, id)
	require.NoError(s, err)
	return m
}

func TestEnqueueTx(t *testing.T) {
	s := newShop(t)
	s.run()
	gone := s.sell(false, order("order-1", "Thank you."))
	require.NoError(t, gone[0].Err)
	assert.Zero(t, s.orders())
	_, err := s.ledger.Message(t.Context(), gone[0].ID)
	require.ErrorIs(t, err, ledger.ErrNotFound, "what was rolled back is not queued")

	done := s.sell(true, order("order-1", "Thank you."), order("order-2", "Thank you."), order("order-1", "Other"), order("order-3", ""))
	require.NoError(t, errors.Join(done[0].Err, done[1].Err))
	require.ErrorIs(t, done[2].Err, router.ErrRefReused)
	assert.Equal(t, provider.InvalidMessage, provider.CodeOf(done[3].Err))
	assert.Equal(t, 3, s.orders())
	for _, e := range done[:2] {
		assert.Equal(t, ledger.Accepted, s.outcome(e.ID).Status)
	}
	assert.Equal(t, 2, s.vendor.Total())
	again := s.sell(true, order("order-1", "Thank you."))
	assert.Equal(t, queue.Enqueued{ID: done[0].ID, Replayed: true}, again[0])
}

// TestEnqueueTxReplayed commits a transaction that has only found a message queued: its
// commit waits for the disk all the same, as only a transaction that has written does.
func TestEnqueueTxReplayed(t *testing.T) {
	s := newShop(t)
	_, err := s.queue.Enqueue(t.Context(), order("order-1", "Thank you."))
	require.NoError(t, err)
	require.NoError(t, pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		done, err := s.queue.EnqueueTx(t.Context(), tx, order("order-1", "Thank you."))
		require.NoError(t, err)
		require.True(t, done[0].Replayed)
		wrote := false
		require.NoError(t, tx.QueryRow(t.Context(), `SELECT pg_current_xact_id_if_assigned() IS NOT NULL`).Scan(&wrote))
		assert.True(t, wrote)
		return nil
	}))
}

// TestEnqueueTxAtOnce lets two transactions queue one ref: one of them does.
func TestEnqueueTxAtOnce(t *testing.T) {
	s := newShop(t)
	s.run()
	first, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	one, err := s.queue.EnqueueTx(t.Context(), first, order("order-1", "Thank you."))
	require.NoError(t, err)

	// Enqueue gives up on a transaction that does not end, and holds up nobody else.
	_, err = s.queue.Enqueue(t.Context(), order("order-1", "Thank you."))
	require.Error(t, err)
	other, err := s.queue.Enqueue(t.Context(), order("order-2", "Thank you."))
	require.NoError(t, err)
	assert.Equal(t, ledger.Accepted, s.outcome(other).Status)

	second := make(chan error, 1)
	go func() {
		second <- pgx.BeginFunc(context.Background(), s.pool, func(tx pgx.Tx) error {
			_, err := s.queue.EnqueueTx(context.Background(), tx, order("order-1", "Thank you."))
			return err
		})
	}()
	require.NoError(t, first.Commit(t.Context()))
	if err := <-second; err != nil { // it waited for the first, which was faster
		require.ErrorIs(t, err, ledger.ErrBadValue)
	}
	assert.Equal(t, ledger.Accepted, s.outcome(one[0].ID).Status)
	again, err := s.queue.Enqueue(t.Context(), order("order-1", "Thank you."))
	require.NoError(t, err)
	assert.Equal(t, one[0].ID, again)
	assert.Equal(t, 1, s.vendor.Sent(one[0].ID))
	assert.Equal(t, 2, s.vendor.Total())
}

// TestEnqueueTxAfterNotSent queues again in a transaction what was not sent before.
func TestEnqueueTxAfterNotSent(t *testing.T) {
	s := newShop(t)
	s.vendor.Refuse(503)
	s.run()
	m := order("order-1", "Thank you.")
	m.Deadline = time.Now().Add(500 * time.Millisecond)
	first := s.sell(true, m)
	require.Equal(t, ledger.NotSent, s.outcome(first[0].ID).Status)
	s.vendor.Refuse(0)
	again := s.sell(true, order("order-1", "Thank you."))
	assert.Equal(t, first, again)
	assert.Equal(t, ledger.Accepted, s.outcome(first[0].ID).Status)
}
