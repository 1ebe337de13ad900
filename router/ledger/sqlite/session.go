package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/anysms/anysms/router/ledger"
)

// session is a connection with the statements that were prepared on it. It uses the
// driver itself: database/sql costs more than most of the statements.
type session struct {
	conn       *sql.Conn
	statements map[string]*prepared
}

// rawConn is what the driver's connections have.
type rawConn interface {
	driver.ConnPrepareContext
	driver.ExecerContext
}

func connect(ctx context.Context, pool *sql.DB) (*session, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn, make(map[string]*prepared)}, nil
}

// transact runs f in a transaction on a session, and commits it if check agrees; nil =
// it does. A session that is nil or has lost its connection is replaced, and so is one
// whose transaction may still be open: the one that is returned may be used again; nil =
// there is none.
func transact(ctx context.Context, pool *sql.DB, s *session, begin string, f func(ledger.Tx) error, check func() error) (*session, error) {
	for {
		fresh := s == nil
		if fresh {
			var err error
			if s, err = connect(ctx, pool); err != nil {
				return nil, err
			}
		}
		begun, err := s.transact(ctx, begin, f, check)
		if !lost(err) {
			return s, err
		}
		_ = s.close() // it is lost
		if s = nil; begun || fresh {
			return nil, err
		}
	}
}

// openError is an error after which ROLLBACK failed too, as it does where SQLite has rolled
// back by itself: on a full disk, for example.
type openError struct{ error }

func (e openError) Unwrap() error { return e.error }

// busyError is SQLite's "database is locked" with what it means.
func busyError(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == sqlite3.SQLITE_BUSY {
		return fmt.Errorf("the database stayed locked by another process; try again when that is done: %w", err)
	}
	return err
}

// lost reports whether the connection is not used any more. One on which reading or
// writing has failed is opened again: the disk may have been repaired.
func lost(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
			return true
		}
	}
	if _, open := errors.AsType[openError](err); open {
		return true
	}
	return errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn)
}

// transact does it on this connection. begun reports whether f was called.
func (s *session) transact(ctx context.Context, begin string, f func(ledger.Tx) error, check func() error) (begun bool, err error) {
	return begun, s.raw(func(c rawConn) error {
		run := func(command string) error {
			_, err := c.ExecContext(context.Background(), command, nil)
			return err
		}
		if err := run(begin); err != nil {
			return busyError(err)
		}
		begun = true
		err := f(&tx{conn: c, statements: s.statements, writes: check != nil})
		if err == nil && check != nil {
			err = check()
		}
		if err == nil {
			err = run("COMMIT")
		}
		if err != nil && run("ROLLBACK") != nil { // also if SQLite has rolled back by itself
			err = openError{err}
		}
		return err
	})
}

// raw calls f with the driver's connection. What f returns is not what database/sql
// judges the connection by.
func (s *session) raw(f func(rawConn) error) error {
	var failed error
	err := s.conn.Raw(func(c any) error {
		failed = f(c.(rawConn))
		return nil
	})
	return errors.Join(err, failed)
}

// close ends the connection and its statements, without which it would stay open.
func (s *session) close() error {
	var closed error
	err := s.conn.Raw(func(any) error {
		for _, p := range s.statements {
			closed = errors.Join(closed, p.Close())
		}
		clear(s.statements)
		return driver.ErrBadConn // it is not for the pool any more
	})
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		err = nil
	}
	return errors.Join(closed, err)
}
