package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/anysms/anysms/router/ledger"
)

// Tx returns a pgx transaction as the ledger uses it.
func Tx(t pgx.Tx) ledger.Tx { return tx{t} }

// PgxTx returns the pgx transaction behind a transaction of a ledger in PostgreSQL.
func PgxTx(ctx context.Context, t ledger.Tx) (pgx.Tx, error) {
	switch own := t.(type) {
	case tx:
		return own.Tx, nil
	case *pipeline:
		return own.open(ctx)
	}
	return nil, errors.New("ledger: it is not in PostgreSQL")
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
