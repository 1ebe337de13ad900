// Package journal records a router's intents and outcomes in a file, so that after
// a crash [router.Router.SendAll] resumes: what was accepted is not sent again, and
// only the messages that were in flight are unknown.
//
// The file is text: a header line, then one entry per line, which is the CRC-32
// (IEEE) of its JSON in eight hexadecimal digits, a space, and the JSON. Entries are
// only appended. A last line that a crash has cut short is dropped when the file is
// opened again; damage anywhere else is an error.
//
// [Journal.Intent] returns when its entry is on disk (fsync); concurrent calls
// share one fsync. [Journal.Outcome] returns when the operating system has its
// entry: if power fails before it is on disk, the message is unknown, and not sent
// twice.
package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"github.com/anysms/anysms/router"
)

// Journal is a router.Journal in a file. It is safe for concurrent use.
type Journal struct {
	path string

	mu        sync.Mutex
	synced    sync.Cond // something below changed
	file      *os.File
	written   uint64 // entries with the operating system
	durable   uint64 // of them, those on disk
	syncing   bool   // one caller syncs for all who wait
	replacing bool   // Compact is at work: nothing may be written
	failed    error  // is kept: after a failed write the content of the file is unknown
}

var _ router.Journal = (*Journal)(nil)

// ErrClosed is returned by calls after Close.
var ErrClosed = errors.New("the journal is closed")

// Open opens a journal, or creates it. The file is locked: a second Open, in this
// process or another, is an error until the first is closed. An incomplete last
// line is removed.
func Open(path string) (*Journal, error) {
	f, err := open(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	j := &Journal{path: path, file: f}
	j.synced.L = &j.mu
	if err := j.begin(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

func (j *Journal) begin() error {
	if err := lock(j.file); err != nil {
		return fmt.Errorf("journal: %s is in use by another process: %w", j.path, err)
	}
	if err := j.isNamed(); err != nil {
		return err
	}
	s := newScanner(j.path, j.file)
	for s.next() {
	}
	if s.err != nil {
		return s.err
	}
	if err := j.file.Truncate(s.good); err != nil {
		return fmt.Errorf("journal: remove the incomplete last line: %w", err)
	}
	if _, err := j.file.Seek(s.good, io.SeekStart); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if s.good == 0 {
		if _, err := j.file.WriteString(header); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	return syncDir(filepath.Dir(j.path))
}

// isNamed fails if another file has taken the name, which happens when another
// process compacted the journal before we got the lock.
func (j *Journal) isNamed() error {
	ours, err := j.file.Stat()
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	named, err := os.Stat(j.path)
	if err != nil || !os.SameFile(ours, named) {
		return fmt.Errorf("journal: %s is in use by another process, which has just replaced it", j.path)
	}
	return nil
}

// Intent implements [router.Journal].
func (j *Journal) Intent(_ context.Context, e router.JournalEntry) error {
	e.Outcome = ""
	return j.add(e, true)
}

// Outcome implements [router.Journal].
func (j *Journal) Outcome(_ context.Context, e router.JournalEntry) error {
	if e.Outcome == "" {
		return errors.New("journal: an outcome must not be empty")
	}
	return j.add(e, false)
}

// add writes an entry and, if it must be durable, waits until it is. A caller that
// finds no sync under way does it for all who wait.
func (j *Journal) add(e router.JournalEntry, durable bool) error {
	line, err := format(e)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.replacing {
		j.synced.Wait()
	}
	if j.failed != nil {
		return j.failed
	}
	if _, err := j.file.Write(line); err != nil {
		j.failed = fmt.Errorf("journal: %w", err)
		j.synced.Broadcast()
		return j.failed
	}
	j.written++
	if !durable {
		return nil
	}
	return j.await(j.written)
}

// await returns when so many entries are on disk.
func (j *Journal) await(entries uint64) error {
	for j.durable < entries && j.failed == nil {
		if j.syncing {
			j.synced.Wait()
			continue
		}
		j.sync()
	}
	if j.durable >= entries {
		return nil
	}
	return j.failed
}

// sync flushes to disk what is written. The lock is free meanwhile, so that others
// can write for the next sync.
func (j *Journal) sync() {
	j.syncing = true
	upto, file := j.written, j.file
	j.mu.Unlock()
	err := file.Sync()
	j.mu.Lock()
	j.syncing = false
	if err != nil {
		j.failed = fmt.Errorf("journal: %w", err)
	} else {
		j.durable = upto
	}
	j.synced.Broadcast()
}

// Entries returns the entries in the order in which they were added, up to those
// that were added before it was called.
func (j *Journal) Entries(ctx context.Context) iter.Seq2[router.JournalEntry, error] {
	return func(yield func(router.JournalEntry, error) bool) {
		f, err := open(j.path, os.O_RDONLY)
		if err != nil {
			yield(router.JournalEntry{}, fmt.Errorf("journal: %w", err))
			return
		}
		defer f.Close()
		s := newScanner(j.path, f)
		for s.next() {
			if err := ctx.Err(); err != nil {
				yield(router.JournalEntry{}, err)
				return
			}
			if !yield(s.entry, nil) {
				return
			}
		}
		if s.err != nil {
			yield(router.JournalEntry{}, s.err)
		}
	}
}

// Sync flushes everything to disk.
func (j *Journal) Sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	return j.await(j.written)
}

// Close flushes everything to disk and closes the file. It may be called again.
func (j *Journal) Close() error {
	err := j.Sync()
	if errors.Is(err, ErrClosed) {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.syncing || j.replacing {
		j.synced.Wait()
	}
	if errors.Is(j.failed, ErrClosed) {
		return nil
	}
	j.failed = ErrClosed
	j.synced.Broadcast()
	return errors.Join(err, j.file.Close())
}

// format returns an entry's line.
func format(e router.JournalEntry) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	line := make([]byte, 0, len(body)+10)
	line = fmt.Appendf(line, "%08x ", checksum(body))
	line = append(append(line, body...), '\n')
	if len(line) > maxLine {
		return nil, fmt.Errorf("journal: the entry is too long: %d bytes; the limit is %d", len(line), maxLine)
	}
	return line, nil
}
