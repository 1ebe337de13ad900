// Package sqlite keeps a ledger in an SQLite database: one file, for the processes of
// one machine.
//
//	l, err := sqlite.Open(ctx, "anysms.db", ledger.Options{})
//	…
//	r, err := router.New(providers, &router.Options{Store: l, Journal: l})
//
// What was recorded survives a crash of the process and of the machine: the database is
// in WAL mode, and its log is synced before anything is acknowledged. Changes that come
// at the same time share one transaction and one fsync.
//
// Several processes may have the file open at the same time. Each has a lock file
// beside it, so that the others can tell whether it lives: what it was sending is in
// doubt as soon as it has ended. The file must not be on a network file system.
package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/anysms/anysms/router/internal/filelock"
	"github.com/anysms/anysms/router/ledger"
)

// Open opens the ledger in a file, which is made if there is none. Options.Key is read
// from the file of the same name with .key added, unless it is given.
func Open(ctx context.Context, path string, o ledger.Options) (*ledger.Ledger, error) {
	if o.Key == nil {
		key, err := ledger.LoadKey(path + ".key")
		if err != nil {
			return nil, err
		}
		o.Key = key
		if o.Mark == "" {
			o.Mark = path + ".key.mark"
		}
	}
	db, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("ledger: %s: %w", path, err)
	}
	l, err := ledger.New(ctx, db, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, errors.Join(err, db.Close()))
	}
	return l, nil
}

// database is a [ledger.Database].
type database struct {
	path string
	file os.FileInfo // of path, when it was opened
	run  string
	lock *os.File // held as long as this run lives

	readers *sql.DB
	writers *sql.DB // of one connection
	wal     *wal

	mu     sync.Mutex
	writer *session      // nil = not connected yet
	others int64         // writes of this process by other means than Commit, and changes of conn
	conn   rawConn       // that of the last transaction
	idle   chan *session // for reading; nil = not connected yet
}

// maxReaders is how many transactions read at the same time.
const maxReaders = 4

func open(ctx context.Context, path string) (db *database, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	file, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	db = &database{path: path, file: file, idle: make(chan *session, maxReaders)}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	if db.writers, err = sql.Open("sqlite", source(path, false)); err != nil {
		return db, err
	}
	db.writers.SetMaxOpenConns(1)
	if err := migrate(ctx, path, db.writers); err != nil {
		return db, err
	}
	if db.readers, err = sql.Open("sqlite", source(path, true)); err != nil {
		return db, err
	}
	db.readers.SetMaxOpenConns(maxReaders)
	for range maxReaders {
		db.idle <- nil
	}
	if db.writer, err = connect(ctx, db.writers); err != nil { // the log is there from now on
		return db, err
	}
	if db.wal, err = openWAL(path); err != nil {
		return db, err
	}
	return db, db.begin()
}

// source is the name under which the driver opens the file.
func source(path string, reader bool) string {
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)"}} // and see wal
	if reader {
		q.Add("_pragma", "query_only(1)")
	} else {
		q.Add("_pragma", "cache_size(-16384)")
		q.Add("_pragma", "wal_autocheckpoint(4000)")
		q.Set("_txlock", "immediate") // of migrations
	}
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + q.Encode()
}

// begin makes the lock file of this run.
func (db *database) begin() error {
	db.run = strings.ToLower(rand.Text())
	f, err := os.OpenFile(db.lockFile(db.run), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	db.lock = f
	_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	return errors.Join(err, filelock.TryLock(f))
}

func (db *database) lockFile(run string) string { return db.path + ".run-" + run }

func (db *database) Run() string { return db.run }

// Alive implements [ledger.Database]: a run lives while its file is locked. The files of
// those that have ended are removed.
func (db *database) Alive(_ context.Context, _ ledger.Tx, runs []string) (map[string]bool, error) {
	alive := make(map[string]bool)
	for _, run := range runs {
		if run == db.run {
			alive[run] = true
			continue
		}
		f, err := os.OpenFile(db.lockFile(run), os.O_RDWR, 0)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if alive[run] = filelock.TryLock(f) != nil; !alive[run] {
			_ = os.Remove(f.Name()) // it is in nobody's way
		}
		_ = f.Close() // nothing was written
	}
	return alive, nil
}

func (db *database) Close() error {
	var err error
	db.mu.Lock()
	if db.writer != nil {
		err = errors.Join(err, db.writer.close())
		db.writer = nil
	}
	db.mu.Unlock()
	for range len(db.idle) {
		if s := <-db.idle; s != nil {
			err = errors.Join(err, s.close())
		}
		db.idle <- nil // whoever reads from now on is told that it is closed
	}
	for _, pool := range []*sql.DB{db.readers, db.writers} {
		if pool != nil {
			err = errors.Join(err, pool.Close())
		}
	}
	if db.wal != nil {
		err = errors.Join(err, db.wal.close())
	}
	if db.lock != nil {
		err = errors.Join(err, db.lock.Close(), os.Remove(db.lock.Name()))
	}
	return err
}

// Write implements [ledger.Database].
func (db *database) Write(ctx context.Context, f func(ledger.Tx) error) error {
	db.mu.Lock()
	db.others++
	durable, err := db.commit(ctx, f)
	db.mu.Unlock()
	if err != nil {
		return err
	}
	return durable()
}

// Commit implements [ledger.Pipelined].
func (db *database) Commit(ctx context.Context, f func(ledger.Tx) error) (durable func() error, err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.commit(ctx, f)
}

// MaxUnsynced implements [ledger.Pipelined]: one fsync serves all that wait.
func (db *database) MaxUnsynced() int { return 5 }

// ReadDurable implements [ledger.Pipelined].
func (db *database) ReadDurable(ctx context.Context, f func(ledger.Tx) (found bool, err error)) error {
	found := false
	err := db.Read(ctx, func(tx ledger.Tx) (err error) {
		found, err = f(tx)
		return err
	})
	if err != nil || !found {
		return err
	}
	commit, err := db.wal.wrote() // whoever wrote it, it is in the log
	if err != nil {
		return err
	}
	return db.wal.wait(commit)
}

// Version implements [ledger.Versioned]. SQLite's own number is of a connection, and does
// not change with what that writes.
func (db *database) Version(ctx context.Context, tx ledger.Tx) (version int64, err error) {
	err = tx.Query(ctx, func(scan func(...any) error) error { return scan(&version) }, "PRAGMA data_version")
	return db.others<<32 + version, err
}

// commit is for whoever has the mutex.
func (db *database) commit(ctx context.Context, f func(ledger.Tx) error) (durable func() error, err error) {
	if err := db.wal.usable(); err != nil {
		return nil, err
	}
	noted := func(in ledger.Tx) error {
		if conn := in.(*tx).conn; conn != db.conn {
			db.conn = conn
			db.others++
		}
		return f(in)
	}
	db.writer, err = transact(ctx, db.writers, db.writer, "BEGIN IMMEDIATE", noted, db.unchanged)
	if err != nil {
		return nil, explain(err)
	}
	commit, err := db.wal.wrote()
	return func() error { return db.wal.wait(commit) }, err
}

// unchanged returns an error if the file was removed or replaced while it was open: what
// is committed then is lost.
func (db *database) unchanged() error {
	now, err := os.Stat(db.path)
	if err == nil && os.SameFile(now, db.file) {
		return nil
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = errors.New("it was removed or replaced while it was open")
	}
	return fmt.Errorf("%s: %w; restart this program to use the file that is there then", db.path, err)
}

// Read implements [ledger.Database].
func (db *database) Read(ctx context.Context, f func(ledger.Tx) error) (err error) {
	var s *session
	select {
	case s = <-db.idle:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { db.idle <- s }()
	s, err = transact(ctx, db.readers, s, "BEGIN", f, nil)
	return explain(err)
}

// explain marks the errors that a value is to blame for.
func explain(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE:
		return fmt.Errorf("%w: %w", ledger.ErrBadValue, err)
	}
	return err
}
