package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// broken is a ledger whose database can be broken.
type broken struct {
	*testing.T
	*ledger.Ledger
	db   *database
	last int
}

func newBroken(t *testing.T, path string) *broken {
	t.Helper()
	db, err := open(t.Context(), path)
	require.NoError(t, err)
	l, err := ledger.New(t.Context(), db, ledger.Options{Key: make([]byte, 32)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() }) // some are broken in the end
	return &broken{T: t, Ledger: l, db: db}
}

// write runs a statement on the writer's connection.
func (b *broken) write(command string) {
	b.Helper()
	require.NoError(b, b.db.Write(b.Context(), func(ledger.Tx) error { return nil })) // so that it is connected
	require.NoError(b, b.db.writer.raw(func(c rawConn) error {
		_, err := c.ExecContext(context.Background(), command, nil)
		return err
	}))
}

// record records a new event, or returns why it could not.
func (b *broken) record(size int) error {
	b.last++
	_, err := b.Record(b.Context(), "athens", provider.Event{
		Kind: provider.Inbound, ID: fmt.Sprint("in-", b.last), From: "+306941234567", Text: string(make([]byte, size)),
	})
	return err
}

// holds checks that exactly the events up to the last one are there, but for those that
// were refused.
func (b *broken) holds(refused ...int) {
	b.Helper()
	require.NoError(b, b.record(0), "it works again")
	for i := 1; i <= b.last; i++ {
		counts, err := b.Record(b.Context(), "athens", provider.Event{Kind: provider.Inbound, ID: fmt.Sprint("in-", i), From: "+306941234567"})
		require.NoError(b, err)
		missing := 0
		for _, n := range refused {
			if n == i {
				missing = 1
			}
		}
		assert.Equal(b, missing, counts.New, "event %d", i)
	}
}

func TestFull(t *testing.T) {
	b := newBroken(t, filepath.Join(t.TempDir(), "anysms.db"))
	require.NoError(t, b.record(0))
	b.write("PRAGMA max_page_count = 1")
	var refused []int
	for b.last < 40 {
		if err := b.record(4000); err != nil {
			require.ErrorContains(t, err, "full")
			refused = append(refused, b.last)
		}
	}
	require.NotEmpty(t, refused)
	var list []ledger.OptOut
	for i := range 2000 {
		list = append(list, ledger.OptOut{Number: fmt.Sprintf("+3069412%05d", i), Scope: ledger.ScopeAll, Source: ledger.FromImport})
	}
	b.write("PRAGMA max_page_count = 1") // the connection was replaced
	added, err := b.OptOut(t.Context(), list...)
	require.ErrorContains(t, err, "full")
	assert.NotContains(t, err.Error(), "rolled back", "SQLite has done so itself")
	assert.Zero(t, added, "none of them is there")
	b.write("PRAGMA max_page_count = 100000")
	b.holds(refused...)
}

// TestCommitFails makes the commit itself fail, after all statements have succeeded.
func TestCommitFails(t *testing.T) {
	b := newBroken(t, filepath.Join(t.TempDir(), "anysms.db"))
	for _, command := range []string{
		"PRAGMA foreign_keys = ON",
		"CREATE TABLE parents (id INTEGER PRIMARY KEY)",
		"CREATE TABLE children (parent INTEGER REFERENCES parents(id) DEFERRABLE INITIALLY DEFERRED)",
	} {
		b.write(command)
	}
	orphan := func(tx ledger.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO children (parent) VALUES ($1)", []any{1})
		return err
	}
	require.ErrorIs(t, b.db.Write(t.Context(), orphan), ledger.ErrBadValue)
	b.holds()
	n := -1
	require.NoError(t, b.db.Read(t.Context(), func(tx ledger.Tx) error {
		return tx.Query(t.Context(), func(scan func(...any) error) error { return scan(&n) }, "SELECT count(*) FROM children")
	}))
	assert.Zero(t, n)
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	b := newBroken(t, path)
	b.write("PRAGMA busy_timeout = 20")
	other, err := sql.Open("sqlite", source(path, false))
	require.NoError(t, err)
	defer other.Close()
	held, err := other.Begin() // at once, as a writer
	require.NoError(t, err)
	require.ErrorContains(t, b.record(0), "the database stayed locked by another process")
	require.NoError(t, held.Rollback())
	b.holds(1)
}

// A connection that cannot write is replaced by one that can.
func TestReadOnly(t *testing.T) {
	b := newBroken(t, filepath.Join(t.TempDir(), "anysms.db"))
	b.write("PRAGMA query_only = 1")
	b.holds()
}

func TestRemoved(t *testing.T) {
	for name, replace := range map[string]bool{"removed": false, "replaced": true} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "anysms.db")
			b := newBroken(t, path)
			require.NoError(t, b.record(0))
			require.NoError(t, os.Rename(path, path+".old"))
			if replace {
				require.NoError(t, os.WriteFile(path, nil, 0o600))
			}
			require.ErrorContains(t, b.record(0), "was removed or replaced while it was open; restart")
			require.NoError(t, os.Rename(path+".old", path))
			b.holds(2)
		})
	}
}

// TestLog loses the only connection: SQLite removes the log and makes another, and that is
// the one that is synced.
func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	b := newBroken(t, path)
	for len(b.db.idle) > 0 { // no reader stays connected
		if s := <-b.db.idle; s != nil {
			require.NoError(t, s.close())
		}
	}
	for range maxReaders {
		b.db.idle <- nil
	}
	before := b.db.wal.info
	require.NoError(t, b.db.writer.close())
	require.NoFileExists(t, path+"-wal")
	require.NoError(t, b.record(0))
	now, err := os.Stat(path + "-wal")
	require.NoError(t, err)
	assert.True(t, os.SameFile(now, b.db.wal.info))
	assert.NotSame(t, before, b.db.wal.info)
	assert.Equal(t, b.db.wal.written, b.db.wal.synced)
}

// TestSyncFails makes an fsync fail: nothing is acknowledged from then on, as nobody knows
// what is on disk.
func TestSyncFails(t *testing.T) {
	b := newBroken(t, filepath.Join(t.TempDir(), "anysms.db"))
	require.NoError(t, b.record(0))
	require.NoError(t, b.db.wal.file.Close())
	require.ErrorContains(t, b.record(0), "what was written last may not be on disk")
	require.ErrorContains(t, b.record(0), "restart this program")
}
