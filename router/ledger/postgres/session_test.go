package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

// A process that stands still in a transaction does not hold up all others for ever.
func TestIdleTransactionsEnd(t *testing.T) {
	l, err := postgres.Open(t.Context(), postgrestest.Schema(t), ledger.Options{Key: []byte("a key of thirty-two bytes or more")})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	pool, err := pgxpool.NewWithConfig(t.Context(), postgres.PoolConfig(l))
	require.NoError(t, err)
	defer pool.Close()
	var limit string
	require.NoError(t, pool.QueryRow(t.Context(), `SHOW idle_in_transaction_session_timeout`).Scan(&limit))
	assert.Equal(t, "10s", limit)
}
