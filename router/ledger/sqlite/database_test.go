package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/internal/filelock"
	"github.com/anysms/anysms/router/ledger"
)

// TestOpenFiles: the key and the mark are files beside the database, unless they are given.
func TestOpenFiles(t *testing.T) {
	path := func() string { return filepath.Join(t.TempDir(), "anysms.db") }
	use := func(path string, o ledger.Options) {
		t.Helper()
		l, err := Open(t.Context(), path, o)
		require.NoError(t, err)
		_, err = l.Record(t.Context(), "athens", provider.Event{Kind: provider.Report, ID: "A1", Status: provider.StatusSent})
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
	plain := path()
	use(plain, ledger.Options{})
	assert.FileExists(t, plain+".key")
	assert.FileExists(t, plain+".key.mark")
	assert.NoFileExists(t, plain+"-wal", "all is in the one file")
	given := path()
	use(given, ledger.Options{Key: make([]byte, 32)})
	assert.NoFileExists(t, given+".key")
	assert.NoFileExists(t, given+".key.mark")
	marked := path()
	use(marked, ledger.Options{Mark: marked + ".other"})
	assert.FileExists(t, marked+".other")
	assert.NoFileExists(t, marked+".key.mark")

	runs, err := filepath.Glob(plain + ".run-*")
	require.NoError(t, err)
	assert.Empty(t, runs, "nothing is left of a run")
	_, err = Open(t.Context(), filepath.Join(t.TempDir(), "missing", "anysms.db"), ledger.Options{Key: make([]byte, 32)})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "anysms.db")
	_, err = Open(t.Context(), filepath.Join(t.TempDir(), "missing", "anysms.db"), ledger.Options{})
	require.ErrorContains(t, err, "key file")
	_, err = Open(t.Context(), given, ledger.Options{Key: []byte("short")})
	require.ErrorContains(t, err, "the key has 5 bytes")
	runs, err = filepath.Glob(given + ".run-*")
	require.NoError(t, err)
	assert.Empty(t, runs)
}

// TestAlive: a run lives as long as it has its lock.
func TestAlive(t *testing.T) {
	db := opened(t)
	other, err := open(t.Context(), db.path)
	require.NoError(t, err)
	alive := func(runs ...string) map[string]bool {
		list, err := db.Alive(t.Context(), nil, runs)
		require.NoError(t, err)
		return list
	}
	run, ended := other.run, db.path+".run-ended"
	require.NoError(t, os.WriteFile(ended, nil, 0o600))
	got := alive(db.run, run, "ended", "never")
	assert.Equal(t, []bool{true, true, false, false}, []bool{got[db.run], got[run], got["ended"], got["never"]})
	assert.NoFileExists(t, ended, "it is in nobody's way")
	assert.FileExists(t, db.lockFile(run))
	require.NoError(t, other.Close())
	assert.False(t, alive(run)[run])
	require.NoError(t, os.Mkdir(ended, 0o700))
	_, err = db.Alive(t.Context(), nil, []string{"ended"})
	require.Error(t, err, "nobody can say")
}

// TestReadersInLine: no more transactions read at the same time than there are connections,
// and who waits for one need not wait for ever.
func TestReadersInLine(t *testing.T) {
	db := opened(t)
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error)
	for range maxReaders {
		go func() {
			done <- db.Read(context.Background(), func(ledger.Tx) error { inside <- struct{}{}; <-leave; return nil })
		}()
		<-inside
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("nobody is there any more"))
	require.ErrorContains(t, db.Read(ctx, func(ledger.Tx) error { return nil }), "nobody is there any more")
	close(leave)
	for range maxReaders {
		require.NoError(t, <-done)
	}
}

// TestErrorsOfValues: only errors that a value is to blame for say so.
func TestErrorsOfValues(t *testing.T) {
	db := opened(t)
	exec := func(sql string) error {
		return db.Write(t.Context(), func(tx ledger.Tx) error { _, err := tx.Exec(t.Context(), sql, nil); return err })
	}
	for _, sql := range []string{
		"INSERT INTO anysms_meta (name, value) VALUES ('key_check', '1'), ('key_check', '2')", "INSERT INTO anysms_feed (seq) VALUES ('a text')",
	} {
		require.ErrorIs(t, exec(sql), ledger.ErrBadValue, sql)
	}
	err := exec("SELECT what FROM anysms_meta")
	require.Error(t, err)
	require.NotErrorIs(t, err, ledger.ErrBadValue)
	assert.Equal(t, err, busyError(err), "it is not locked")
	assert.False(t, lost(err))
	for _, err := range []error{nil, errors.New("disk full"), context.Canceled} {
		assert.Equal(t, err, explain(err))
		assert.Equal(t, err, busyError(err))
		assert.False(t, lost(err))
	}
}

// TestVersion: it changes with all that is written by other means than Commit.
func TestVersion(t *testing.T) {
	db := openBench(t)
	nothing := func(ledger.Tx) error { return nil }
	version := func() (n int64) {
		_, err := db.Commit(t.Context(), func(tx ledger.Tx) (err error) { n, err = db.Version(t.Context(), tx); return err })
		require.NoError(t, err)
		return n
	}
	write := func(db *database, n int) {
		require.NoError(t, db.Write(t.Context(), func(tx ledger.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO anysms_meta (name, value) VALUES ($1, '')", []any{fmt.Sprint(db.run, n)})
			return err
		}))
	}
	first := version()
	assert.Equal(t, first, version())
	_, err := db.Commit(t.Context(), nothing)
	require.NoError(t, err)
	assert.Equal(t, first, version())
	write(db, 1)
	second := version()
	assert.NotEqual(t, first, second)
	other, err := open(t.Context(), db.path)
	require.NoError(t, err)
	write(other, 1)
	require.NoError(t, other.Close())
	third := version()
	assert.NotContains(t, []int64{first, second}, third)
	require.NoError(t, db.writer.close())
	fourth := version()
	assert.NotContains(t, []int64{first, second, third}, fourth, "another connection counts from another number")
	require.NoError(t, db.writer.close())
	write(db, 2)
	assert.NotContains(t, []int64{first, second, third, fourth}, version())
	require.NoError(t, db.Close())
	require.ErrorIs(t, db.wal.file.Close(), os.ErrClosed)
}

// TestSchemaOfANewerProgram: this program does not touch what it does not understand.
func TestSchemaOfANewerProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	db, err := open(t.Context(), path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	for says, want := range map[string]string{
		"UPDATE anysms_meta SET value = '99' WHERE name = 'oldest_program'":    "needs at least level 99",
		"UPDATE anysms_meta SET value = 'newer' WHERE name = 'oldest_program'": `says "newer" where it names the oldest program`,
		"UPDATE anysms_meta SET name = 'gone' WHERE name = 'oldest_program'":   "no rows",
	} {
		require.NoError(t, db.Write(t.Context(), func(tx ledger.Tx) error {
			n, err := tx.Exec(t.Context(), says, nil)
			assert.EqualValues(t, 1, n)
			return err
		}))
		_, err = open(t.Context(), path)
		require.ErrorContains(t, err, want)
		require.NoError(t, db.Write(t.Context(), func(tx ledger.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE anysms_meta SET name = 'oldest_program', value = '1' WHERE name IN ('oldest_program', 'gone')", nil)
			return err
		}))
	}
	again, err := open(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

// TestSchemaLock: tables are changed by one process at a time; another waits for half a minute.
func TestSchemaLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db.migrate")
	hold := func() *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		require.NoError(t, err)
		require.NoError(t, filelock.TryLock(f))
		return f
	}
	f := hold()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := lockSchema(t.Context(), path)
		require.ErrorContains(t, err, "another process is changing the tables")
		assert.Equal(t, 30*time.Second, time.Since(began))
		time.AfterFunc(time.Second, func() { _ = f.Close() })
		began = time.Now()
		unlock, err := lockSchema(t.Context(), path)
		require.NoError(t, err)
		assert.LessOrEqual(t, time.Since(began), 2*time.Second)
		require.NoError(t, unlock())
	})
	require.NoError(t, hold().Close())
}
