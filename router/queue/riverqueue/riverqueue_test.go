package riverqueue_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/queuetest"
	"github.com/anysms/anysms/router/queue/riverqueue"
)

var testKey = []byte("a key of thirty-two bytes or more")

// newSchema makes a schema of its own for a test, and returns its address.
func newSchema(t testing.TB) string {
	t.Helper()
	server := os.Getenv("ANYSMS_POSTGRES")
	if server == "" {
		t.Skip("ANYSMS_POSTGRES names no server; .ci/run postgres starts one")
	}
	conn, err := pgx.Connect(t.Context(), server)
	require.NoError(t, err)
	name := fmt.Sprintf("anysms_%d", time.Now().UnixNano())
	_, err = conn.Exec(t.Context(), "CREATE SCHEMA "+name)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	u, err := url.Parse(server)
	require.NoError(t, err)
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func open(t testing.TB, address string) *ledger.Ledger {
	t.Helper()
	l, err := postgres.Open(context.Background(), address, ledger.Options{Key: testKey})
	require.NoError(t, err)
	return l
}

func TestContract(t *testing.T) {
	queuetest.Run(t, queuetest.Harness{
		Serial: true, // opening many ledgers at once takes longer: they wait for each other's migrations
		Open: func(t *testing.T) func(ledger.Options) (*ledger.Ledger, error) {
			address := newSchema(t)
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
	})
}
