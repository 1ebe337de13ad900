package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// wal makes commits durable. SQLite itself writes them to the write-ahead log and, in
// WAL mode with synchronous=NORMAL, syncs that only before it copies pages to the
// database. The commits that wait here share one fsync of the log, and while it is
// under way the next transaction is written.
type wal struct {
	path string // of the log
	sync func(*os.File) error

	mu      sync.Mutex
	file    *os.File
	info    os.FileInfo // of file
	done    *sync.Cond
	written int64 // commits
	synced  int64 // of these
	syncing bool
	failed  error // of a sync; what is on disk is not known from then on
}

// openWAL opens the log of a database that has a connection: as long as it has one, the
// log is there.
func openWAL(database string) (*wal, error) {
	w := &wal{path: database + "-wal", sync: syncData}
	w.done = sync.NewCond(&w.mu)
	return w, w.open()
}

func (w *wal) open() error {
	f, err := os.OpenFile(w.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Sync(), syncDir(filepath.Dir(w.path))); err != nil {
		return errors.Join(err, f.Close())
	}
	if w.file != nil {
		_ = w.file.Close() // SQLite has removed it, and has copied what was in it
	}
	w.file, w.info = f, info
	return nil
}

// wrote counts a commit that is in the log, and returns which one it is. When the last
// connection was closed meanwhile, there is a new log.
func (w *wal) wrote() (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written++
	now, err := os.Stat(w.path)
	if err == nil && os.SameFile(now, w.info) {
		return w.written, nil
	}
	for w.syncing {
		w.done.Wait()
	}
	if err := w.open(); err != nil {
		w.fail(err)
	}
	return w.written, w.failed
}

func (w *wal) fail(err error) {
	w.failed = fmt.Errorf("what was written last may not be on disk: %w; restart this program", err)
}

// usable returns why nothing may be committed any more; nil = it may.
func (w *wal) usable() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// wait waits until a commit is on disk.
func (w *wal) wait(commit int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.synced < commit && w.failed == nil {
		if w.syncing {
			w.done.Wait()
			continue
		}
		w.syncing = true
		upTo, file := w.written, w.file
		w.mu.Unlock()
		err := w.sync(file)
		w.mu.Lock()
		w.syncing = false
		if err != nil {
			w.fail(err)
		} else {
			w.synced = upTo
		}
		w.done.Broadcast()
	}
	if w.synced >= commit {
		return nil
	}
	return w.failed
}

func (w *wal) close() error { return w.file.Close() }
