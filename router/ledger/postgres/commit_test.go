package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

func openDatabase(t *testing.T) ledger.Pipelined {
	t.Helper()
	l, err := postgres.Open(t.Context(), postgrestest.Schema(t), ledger.Options{Key: testKey})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l.Database().(ledger.Pipelined)
}

// put writes one row, and returns the session that has written it.
func put(t *testing.T, db ledger.Pipelined, name string) (durable func() error, pid uint32) {
	t.Helper()
	durable, err := db.Commit(t.Context(), func(tx ledger.Tx) error {
		own, err := postgres.PgxTx(t.Context(), tx)
		require.NoError(t, err)
		pid = own.Conn().PgConn().PID()
		_, err = tx.Exec(t.Context(), `INSERT INTO anysms_cursors (name, value, updated_at) VALUES ($1, '', 0)`, []any{name})
		return err
	})
	require.NoError(t, err)
	return durable, pid
}

func names(t *testing.T, db ledger.Database) (list []string) {
	t.Helper()
	require.NoError(t, db.Read(t.Context(), func(tx ledger.Tx) error {
		list = nil
		return tx.Query(t.Context(), func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			list = append(list, name)
			return err
		}, `SELECT name FROM anysms_cursors WHERE name LIKE 'test.%' ORDER BY name`)
	}))
	return list
}

// A transaction is seen before it is on disk, and the next one begins meanwhile.
func TestCommit(t *testing.T) {
	db := openDatabase(t)
	first, _ := put(t, db, "test.1")
	second, _ := put(t, db, "test.2")
	assert.Equal(t, []string{"test.1", "test.2"}, names(t, db))

	inserted, flushed := "", false
	require.NoError(t, db.Read(t.Context(), func(tx ledger.Tx) error {
		return tx.Query(t.Context(), func(scan func(...any) error) error { return scan(&inserted) }, `SELECT pg_current_wal_insert_lsn()::text`)
	}))
	require.NoError(t, second())
	require.NoError(t, first())
	require.NoError(t, db.Read(t.Context(), func(tx ledger.Tx) error {
		return tx.Query(t.Context(), func(scan func(...any) error) error { return scan(&flushed) },
			`SELECT pg_current_wal_flush_lsn() >= $1::text::pg_lsn`, inserted)
	}))
	assert.True(t, flushed)
}

// A session that is gone may have been a crash of the server, which undoes what was not on
// disk: so no other session may say that it is.
func TestCommitLost(t *testing.T) {
	db := openDatabase(t)
	durable, pid := put(t, db, "test.1")
	require.NoError(t, db.Write(t.Context(), func(tx ledger.Tx) error {
		return tx.Query(t.Context(), func(scan func(...any) error) error { return scan(new(bool)) }, `SELECT pg_terminate_backend($1, 30000)`, int64(pid))
	}))
	require.Error(t, durable())
	durable, _ = put(t, db, "test.2")
	require.NoError(t, durable())
}
