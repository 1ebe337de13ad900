package riverqueue_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/queuetest"
	"github.com/anysms/anysms/router/queue/riverqueue"
)

var testKey = []byte("a key of thirty-two bytes or more")

func open(t testing.TB, address string) *ledger.Ledger {
	t.Helper()
	l, err := postgres.Open(context.Background(), address, ledger.Options{Key: testKey})
	require.NoError(t, err)
	return l
}

func TestContract(t *testing.T) { queuetest.Run(t, harness()) }

// TestMemory holds that memory is flat, in the long form.
func TestMemory(t *testing.T) {
	p, err := memory.New(memory.Config{Ledger: -1})
	require.NoError(t, err)
	queuetest.RunLong(t, harness(), p, 50_000)
}

func harness() queuetest.Harness {
	return queuetest.Harness{
		Serial: true, // opening many ledgers at once takes longer: they wait for each other's migrations
		Open: func(t *testing.T) func(ledger.Options) (*ledger.Ledger, error) {
			address := postgrestest.Schema(t)
			return func(o ledger.Options) (*ledger.Ledger, error) {
				o.Key = testKey
				return postgres.Open(context.Background(), address, o)
			}
		},
		New: func(t *testing.T, l *ledger.Ledger, r *router.Router, o queue.Options) (*queue.Queue, error) {
			q, err := riverqueue.New(context.Background(), l, r, o)
			if err != nil {
				return nil, err
			}
			t.Cleanup(q.Close)
			return q.Queue, nil
		},
	}
}
