package queue_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/queuetest"
)

func TestContract(t *testing.T) {
	queuetest.Run(t, queuetest.Harness{New: newQueue, Open: func(t *testing.T) func(ledger.Options) (*ledger.Ledger, error) {
		path := filepath.Join(t.TempDir(), "anysms.db")
		return func(o ledger.Options) (*ledger.Ledger, error) { return sqlite.Open(context.Background(), path, o) }
	}})
}

func newQueue(_ *testing.T, l *ledger.Ledger, r *router.Router, o queue.Options) (*queue.Queue, error) {
	return queue.New(l, r, o)
}

func TestOneWorker(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	open := func() *ledger.Ledger {
		l, err := sqlite.Open(t.Context(), path, ledger.Options{})
		require.NoError(t, err)
		return l
	}
	first, second := open(), open()
	defer func() { require.NoError(t, errors.Join(first.Close(), second.Close())) }()
	unlock, err := first.LockWorker(ledger.Worker{PID: os.Getpid(), Address: "127.0.0.1:8025"})
	require.NoError(t, err)

	p, err := queuetest.NewProvider("http://127.0.0.1:1")
	require.NoError(t, err)
	r, err := router.New([]router.Upstream{{Name: "vendor", Provider: p}}, &router.Options{Store: second, Journal: second})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close(t.Context())) }()
	q, err := queue.New(second, r, queue.Options{})
	require.NoError(t, err)
	err = q.Run(t.Context())
	other, ok := errors.AsType[*ledger.WorkerError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, ledger.Worker{PID: os.Getpid(), Address: "127.0.0.1:8025"}, other.Worker)

	require.NoError(t, unlock())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, q.Run(ctx))
}
