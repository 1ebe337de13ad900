package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newWAL is the log of a database that is not there, and counts its fsyncs.
func newWAL(t *testing.T) (w *wal, syncs *int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "anysms.db")
	require.NoError(t, os.WriteFile(path+"-wal", nil, 0o600))
	w, err := openWAL(path)
	require.NoError(t, err)
	syncs = new(int)
	w.sync = func(*os.File) error { *syncs++; return nil }
	return w, syncs
}

// wrote counts commits that are in the log, and returns the last.
func (w *wal) wroteMany(t *testing.T, n int) (last int64) {
	t.Helper()
	for range n {
		var err error
		last, err = w.wrote()
		require.NoError(t, err)
	}
	return last
}

// TestCommitsShareAnFsync: one fsync is enough for all that was written before.
func TestCommitsShareAnFsync(t *testing.T) {
	w, syncs := newWAL(t)
	last := w.wroteMany(t, 3)
	assert.EqualValues(t, 3, last)
	require.NoError(t, w.wait(last))
	require.NoError(t, w.wait(1))
	require.NoError(t, w.wait(last))
	assert.Equal(t, 1, *syncs)
	require.NoError(t, w.wait(w.wroteMany(t, 1)))
	assert.Equal(t, 2, *syncs)
	require.NoError(t, w.close())
}

// TestWrittenWhileSynced: what is written while an fsync is under way waits for the next one.
func TestWrittenWhileSynced(t *testing.T) {
	w, syncs := newWAL(t)
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan error)
		w.sync = func(*os.File) error { *syncs++; return <-gate }
		errs := make(chan int64, 3)
		wait := func(commit int64) {
			go func() {
				if w.wait(commit) == nil {
					errs <- commit
				} else {
					errs <- -commit
				}
			}()
			synctest.Wait()
		}
		wait(w.wroteMany(t, 1))
		wait(w.wroteMany(t, 1))
		wait(w.wroteMany(t, 1))
		assert.Equal(t, 1, *syncs)
		gate <- nil
		synctest.Wait()
		assert.EqualValues(t, 1, <-errs)
		assert.Empty(t, errs)
		assert.Equal(t, 2, *syncs)
		gate <- errors.New("input/output error")
		synctest.Wait()
		assert.EqualValues(t, -5, <-errs+<-errs)
		assert.Equal(t, 2, *syncs, "nobody knows what another one would mean")
	})
	require.NoError(t, w.wait(1), "it was on disk before")
	require.ErrorContains(t, w.wait(2), "input/output error; restart this program")
	require.ErrorContains(t, w.usable(), "input/output error")
}

// TestLogReplaced: when the last connection was closed, the log that is there then is synced.
func TestLogReplaced(t *testing.T) {
	w, _ := newWAL(t)
	w.wroteMany(t, 1)
	first := w.file
	require.NoError(t, os.Rename(w.path, w.path+".old"))
	require.NoError(t, os.WriteFile(w.path, nil, 0o600))
	last := w.wroteMany(t, 2)
	assert.NotSame(t, first, w.file)
	require.Error(t, first.Close(), "it is closed")
	second := w.file
	synced := false
	w.sync = func(f *os.File) error { synced = f == second; return nil }
	require.NoError(t, w.wait(last))
	assert.True(t, synced)

	require.NoError(t, os.Remove(w.path))
	_, err := w.wrote()
	require.ErrorContains(t, err, "what was written last may not be on disk")
	require.ErrorIs(t, w.usable(), os.ErrNotExist)
	_, err = openWAL(filepath.Join(t.TempDir(), "nothing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
