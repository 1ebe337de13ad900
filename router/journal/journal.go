// Package journal records a router's intents and outcomes in a file, so that after
// a crash [router.Router.SendAll] resumes: what was accepted is not sent again, and
// only the messages that were in flight are unknown.
//
// The file is text: a header line with a salt, then one entry per line, which is
// the CRC-32 (IEEE) of its JSON in eight hexadecimal digits, a space, and the JSON.
// Fingerprints in it are hashes under the salt. Entries are only appended. A last
// line that a crash has cut short is dropped when the file is opened again; damage
// anywhere else is an error.
//
// [Journal.Intent] returns when its entry is on disk (fsync); concurrent calls
// share one fsync. [Journal.Outcome] returns when the operating system has its
// entry: if power fails before it is on disk, the message is unknown, and not sent
// twice.
//
// What the file says is not held in memory, but an index of it, which takes about
// 26 bytes for each message.
package journal

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/internal/filelock"
)

// Journal is a router.Journal in a file. It is safe for concurrent use.
type Journal struct {
	path string

	salt     []byte
	replaced sync.RWMutex // held by those who read the file that Compact may replace

	mu        sync.Mutex
	synced    sync.Cond // something below changed
	file      *os.File
	size      int64 // where the next line begins
	index     *index
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
	if err := filelock.TryLock(j.file); err != nil {
		return fmt.Errorf("journal: %s is in use by another process: %w", j.path, err)
	}
	if err := j.isNamed(); err != nil {
		return err
	}
	if err := j.read(); err != nil {
		return err
	}
	if err := j.file.Truncate(j.size); err != nil {
		return fmt.Errorf("journal: remove the incomplete last line: %w", err)
	}
	if _, err := j.file.Seek(j.size, io.SeekStart); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if j.size == 0 {
		if err := j.writeHeader(); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	return syncDir(filepath.Dir(j.path))
}

// read reads the file into the index.
func (j *Journal) read() error {
	j.index = newIndex()
	s := newScanner(j.path, j.file)
	for s.next() {
		key, outcome, err := headOf(s.body)
		if err != nil {
			s.fail(err)
			break
		}
		j.index.add(key, outcome, s.start)
	}
	j.salt, j.size = s.salt, s.good
	return s.err
}

func (j *Journal) writeHeader() error {
	j.salt = make([]byte, saltSize)
	_, _ = rand.Read(j.salt) // it does not fail
	n, err := j.file.WriteString(header(j.salt))
	j.size = int64(n)
	return err
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
	e.Outcome, e.Fingerprint = "", j.keyed(e.Fingerprint)
	return j.add(e, true)
}

// Outcome implements [router.Journal].
func (j *Journal) Outcome(_ context.Context, e router.JournalEntry) error {
	if e.Outcome == "" {
		return errors.New("journal: an outcome must not be empty")
	}
	e.Fingerprint = j.keyed(e.Fingerprint)
	return j.add(e, false)
}

// keyed returns the hash of a fingerprint that is written down.
func (j *Journal) keyed(fingerprint string) string {
	if fingerprint == "" {
		return ""
	}
	h := hmac.New(sha256.New, j.salt)
	h.Write([]byte(fingerprint))
	return hex.EncodeToString(h.Sum(nil)[:16])
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
	j.index.add([]byte(e.Key), e.Outcome, j.size)
	j.size += int64(len(line))
	j.written++
	if !durable {
		return nil
	}
	if err := j.await(j.written); err != nil {
		return fmt.Errorf("%w: %w", router.ErrPerhapsWritten, err)
	}
	return nil
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
