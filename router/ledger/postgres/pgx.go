package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/anysms/anysms/router/ledger"
)

// Tx returns a pgx transaction as the ledger uses it.
func Tx(t pgx.Tx) ledger.Tx { return tx{t} }

// PgxTx returns the pgx transaction behind a transaction of a ledger in PostgreSQL; nil
// if it is in another database.
func PgxTx(t ledger.Tx) pgx.Tx {
	own, ok := t.(tx)
	if !ok {
		return nil
	}
	return own.Tx
}

// LockWriters makes a transaction the only one that writes to the ledger, until it ends.
func LockWriters(ctx context.Context, t pgx.Tx) error {
	_, err := t.Exec(ctx, lockWriters)
	return err
}

// NewPool returns another pool of connections to the database of a ledger; nil if that is
// not PostgreSQL. The caller closes it.
func NewPool(ctx context.Context, l *ledger.Ledger) (*pgxpool.Pool, error) {
	db, ok := l.Database().(*database)
	if !ok {
		return nil, nil
	}
	return pgxpool.NewWithConfig(ctx, db.pool.Config())
}
