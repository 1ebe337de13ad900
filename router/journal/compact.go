package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/anysms/anysms/router/internal/filelock"
)

// Compact rewrites the file, keeping of each message what [Journal.Find] returns. A
// crash at any moment does no harm: the new file replaces the old one when it is on
// disk. Calls that add entries wait.
func (j *Journal) Compact() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.replacing {
		j.synced.Wait()
	}
	j.replacing = true
	defer func() {
		j.replacing = false
		j.synced.Broadcast()
	}()
	if err := j.await(j.written); err != nil {
		return err
	}
	for j.syncing {
		j.synced.Wait()
	}
	if j.failed != nil {
		return j.failed
	}
	if err := j.replace(); err != nil {
		return fmt.Errorf("journal: compact: %w", err)
	}
	return nil
}

// replace writes the new file and takes it instead of the old one. Nobody writes
// meanwhile, and Find waits: it must not be called under the lock.
func (j *Journal) replace() error {
	j.mu.Unlock()
	j.replaced.Lock()
	j.mu.Lock()
	defer j.replaced.Unlock()
	fresh, err := j.rewrite()
	if err != nil {
		return err
	}
	old := j.file
	j.file = fresh // whatever fails now, the name is this file's
	if err := errors.Join(old.Close(), syncDir(filepath.Dir(j.path))); err != nil {
		return err
	}
	_, err = j.file.Seek(0, io.SeekStart)
	if err == nil {
		err = j.read() // to the end, where the next line goes
	}
	j.failed = err
	return err
}

// rewrite writes the new file under the name of the old one.
func (j *Journal) rewrite() (*os.File, error) {
	name := j.path + ".compact" // the journal is locked, so no other process uses this name
	_ = os.Remove(name)         // left by a crash
	f, err := open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	err = j.copyTo(f)
	if err == nil {
		err = rename(name, j.path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(name))
	}
	return f, nil
}

// copyTo writes the lines that still count.
func (j *Journal) copyTo(f *os.File) error {
	if err := filelock.TryLock(f); err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	_, _ = w.WriteString(header(j.salt)) // Flush returns the errors
	for _, at := range j.index.all() {
		body, err := readBody(j.file, at)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w, "%08x %s\n", checksum(body), body)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Sync()
}
