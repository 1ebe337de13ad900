package queue_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/queuetest"
)

// TestMain is also that of the processes that TestKilled kills.
func TestMain(m *testing.M) {
	if os.Getenv(queuetest.EnvChild) == "" {
		os.Exit(m.Run())
	}
	l, err := sqlite.Open(context.Background(), os.Args[1], ledger.Options{})
	if err == nil {
		err = queuetest.Child(l, newWorker)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newWorker(l *ledger.Ledger, r *router.Router) (*queue.Queue, error) {
	return queue.New(l, r, queue.Options{Lanes: queuetest.Patient()})
}

func TestKilled(t *testing.T) {
	k := queuetest.Kill{Messages: 400, Workers: 1, Kills: 4, New: newWorker, Patience: time.Minute}
	if os.Getenv("ANYSMS_LONG") != "" {
		k.Messages, k.Kills = 20000, 100
	}
	path := filepath.Join(t.TempDir(), "anysms.db")
	k.Args = []string{path}
	k.Open = func() *ledger.Ledger {
		l, err := sqlite.Open(t.Context(), path, ledger.Options{})
		require.NoError(t, err)
		return l
	}
	queuetest.Killed(t, k)
}

func TestContract(t *testing.T) { queuetest.Run(t, harness()) }

// TestMemory holds that memory is flat, in the long form.
func TestMemory(t *testing.T) {
	p, err := memory.New(memory.Config{Ledger: -1})
	require.NoError(t, err)
	queuetest.RunLong(t, harness(), p, 50_000)
}

func harness() queuetest.Harness {
	return queuetest.Harness{New: newQueue, Open: func(t *testing.T) func(ledger.Options) (*ledger.Ledger, error) {
		path := filepath.Join(t.TempDir(), "anysms.db")
		return func(o ledger.Options) (*ledger.Ledger, error) { return sqlite.Open(context.Background(), path, o) }
	}}
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
