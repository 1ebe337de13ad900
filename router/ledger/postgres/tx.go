package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/anysms/anysms/router/ledger"
)

// tx is a [ledger.Tx] in a transaction that somebody else ends.
type tx struct{ pgx.Tx }

// Query implements [ledger.Tx].
func (t tx) Query(ctx context.Context, row func(func(...any) error) error, sql string, args ...any) error {
	rows, err := t.Tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	return read(rows, row)
}

// QueryAll implements [ledger.Batched].
func (t tx) QueryAll(ctx context.Context, list []ledger.Question) error {
	var b pgx.Batch
	ask(&b, list)
	return t.SendBatch(ctx, &b).Close()
}

// Exec implements [ledger.Tx]. All runs of the statement are sent together.
func (t tx) Exec(ctx context.Context, sql string, args ...[]any) (changed int64, err error) {
	var b pgx.Batch
	execute(&b, &changed, ledger.Statement{SQL: sql, Rows: args})
	return changed, t.SendBatch(ctx, &b).Close()
}

// ExecAll implements [ledger.Batched].
func (t tx) ExecAll(ctx context.Context, list []ledger.Statement) error {
	var b pgx.Batch
	execute(&b, new(int64), list...)
	return t.SendBatch(ctx, &b).Close()
}

// ask puts questions into a batch.
func ask(b *pgx.Batch, list []ledger.Question) {
	for _, q := range list {
		b.Queue(q.SQL, q.Args...).Query(func(rows pgx.Rows) error { return read(rows, q.Row) })
	}
}

func read(rows pgx.Rows, row func(func(...any) error) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// execute puts all runs of statements into a batch, which counts the rows that they change.
func execute(b *pgx.Batch, changed *int64, list ...ledger.Statement) {
	count := func(tag pgconn.CommandTag) error {
		*changed += tag.RowsAffected()
		return nil
	}
	for _, s := range list {
		for _, row := range s.Rows {
			b.Queue(s.SQL, row...).Exec(count)
		}
	}
}

// beginning is how a transaction begins.
type beginning struct {
	pgx.TxOptions
	lock string // a statement that comes first; "" = none
}

// pipeline is a [ledger.Tx] that takes few round trips: it begins with the first statements
// that are sent, and those of ExecAll wait for the next ones, or for the commit.
type pipeline struct {
	conn  *pgxpool.Conn
	begin beginning
	tx    pgx.Tx // nil = it has not begun
	last  []ledger.Statement
}

// run runs f in a transaction.
func run(ctx context.Context, conn *pgxpool.Conn, begin beginning, f func(ledger.Tx) error) (err error) {
	p := &pipeline{conn: conn, begin: begin}
	committed := false
	defer func() {
		if p.tx != nil && !committed {
			_ = p.tx.Rollback(ctx) // else the connection is closed
		}
	}()
	if err := f(p); err != nil {
		if conn.Conn().IsClosed() {
			err = &lostError{err}
		}
		return err
	}
	if err := p.commit(ctx); err != nil {
		return err
	}
	committed = true
	return nil
}

// lostError is the error of a transaction whose session has ended before the commit was sent,
// and so has changed nothing.
type lostError struct{ error }

func (e *lostError) Unwrap() error { return e.error }

func (p *pipeline) commit(ctx context.Context) error {
	if p.tx == nil && len(p.last) == 0 {
		return nil
	}
	return p.send(ctx, func(b *pgx.Batch) {
		b.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
			if tag.String() == "ROLLBACK" {
				return pgx.ErrTxCommitRollback
			}
			return nil
		})
	})
}

// send sends what add puts into a batch, after the beginning if there was none, and after
// what waits.
func (p *pipeline) send(ctx context.Context, add func(*pgx.Batch)) error {
	var b pgx.Batch
	if p.tx == nil {
		b.BeginTx(p.begin.TxOptions)
		if p.begin.lock != "" {
			b.Queue(p.begin.lock)
		}
	}
	execute(&b, new(int64), p.last...)
	p.last = nil
	add(&b)
	results := p.conn.SendBatch(ctx, &b)
	err := results.Close()
	if p.tx == nil {
		p.tx = results.Tx()
	}
	return err
}

// Query implements [ledger.Tx].
func (p *pipeline) Query(ctx context.Context, row func(func(...any) error) error, sql string, args ...any) error {
	return p.QueryAll(ctx, []ledger.Question{{SQL: sql, Args: args, Row: row}})
}

// QueryAll implements [ledger.Batched].
func (p *pipeline) QueryAll(ctx context.Context, list []ledger.Question) error {
	if len(list) == 0 {
		return nil
	}
	return p.send(ctx, func(b *pgx.Batch) { ask(b, list) })
}

// Exec implements [ledger.Tx]. All runs of the statement are sent together.
func (p *pipeline) Exec(ctx context.Context, sql string, args ...[]any) (changed int64, err error) {
	err = p.send(ctx, func(b *pgx.Batch) { execute(b, &changed, ledger.Statement{SQL: sql, Rows: args}) })
	return changed, err
}

// ExecAll implements [ledger.Batched].
func (p *pipeline) ExecAll(_ context.Context, list []ledger.Statement) error {
	p.last = append(p.last, list...)
	return nil
}

// open sends what waits, and returns the transaction.
func (p *pipeline) open(ctx context.Context) (pgx.Tx, error) {
	if p.tx == nil || len(p.last) > 0 {
		if err := p.send(ctx, func(*pgx.Batch) {}); err != nil {
			return nil, err
		}
	}
	return p.tx, nil
}
