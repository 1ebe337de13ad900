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

// AwaitSeen makes the commit of a transaction wait until the disk has all that the
// transaction has seen of the ledger, also if it writes nothing itself.
func AwaitSeen(ctx context.Context, t pgx.Tx) error {
	_, err := t.Exec(ctx, flush)
	return err
}

// PoolConfig returns the settings of the connections to the database of a ledger, for
// another pool; nil if that is not PostgreSQL.
func PoolConfig(l *ledger.Ledger) *pgxpool.Config {
	db, ok := l.Database().(*database)
	if !ok {
		return nil
	}
	return db.pool.Config()
}
