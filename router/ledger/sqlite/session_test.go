package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger"
)

func opened(t *testing.T) *database {
	t.Helper()
	db, err := open(t.Context(), filepath.Join(t.TempDir(), "anysms.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// count reads with a context that is not the transaction's.
func count(ctx context.Context, tx ledger.Tx) (n int, err error) {
	err = tx.Query(ctx, func(scan func(...any) error) error { return scan(&n) }, `SELECT count(*) FROM anysms_meta WHERE name <> $1`, "")
	return n, err
}

func TestLostConnections(t *testing.T) {
	db := opened(t)
	use := func(tx ledger.Tx) error {
		_, err := count(t.Context(), tx)
		return err
	}
	for range 2 * maxReaders {
		require.NoError(t, db.Read(t.Context(), use))
	}
	require.NoError(t, db.Write(t.Context(), use))
	require.NoError(t, db.writer.conn.Close())
	for range maxReaders {
		s := <-db.idle
		require.NotNil(t, s)
		require.NoError(t, s.conn.Close())
		db.idle <- s
	}
	for range 2 * maxReaders {
		require.NoError(t, db.Read(t.Context(), use))
	}
	require.NoError(t, db.Write(t.Context(), use))
}

// TestCancelled ends contexts in the middle of transactions: the next ones, which get the
// same sessions, do not notice.
func TestCancelled(t *testing.T) {
	db := opened(t)
	for i := range 50 * maxReaders {
		for _, do := range []func(context.Context, func(ledger.Tx) error) error{db.Read, db.Write} {
			ctx, cancel := context.WithCancel(t.Context())
			err := do(ctx, func(tx ledger.Tx) error {
				if _, err := count(ctx, tx); err != nil {
					return err
				}
				cancel()
				_, err := count(ctx, tx)
				return err
			})
			require.ErrorIs(t, err, context.Canceled, i)
			require.NoError(t, do(t.Context(), func(tx ledger.Tx) error {
				n, err := count(t.Context(), tx)
				assert.Positive(t, n)
				return err
			}), i)
		}
	}
}
