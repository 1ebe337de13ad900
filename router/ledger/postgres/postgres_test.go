package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/ledgertest"
	"github.com/anysms/anysms/router/ledger/postgres"
)

var testKey = []byte("a key of thirty-two bytes or more")

// newSchema makes a schema of its own for a test, and returns its address.
func newSchema(t *testing.T) string {
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

func TestContract(t *testing.T) {
	ledgertest.Run(t, ledgertest.Harness{New: func(t *testing.T) func(ledger.Options) (*ledger.Ledger, error) {
		address := newSchema(t)
		return func(o ledger.Options) (*ledger.Ledger, error) {
			if o.Key == nil {
				o.Key = testKey
			}
			return postgres.Open(context.Background(), address, o)
		}
	}})
}
