package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Compact rewrites the file with what matters of each message: its outcome, or
// the intents that have none. It is safe against a crash at any moment: the old
// file stands until the new one is on disk. Calls that add entries wait.
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
	f, err := j.rewrite()
	if err != nil {
		return fmt.Errorf("journal: compact: %w", err)
	}
	old := j.file
	j.file = f // whatever fails now, the name is this file's
	return errors.Join(old.Close(), syncDir(filepath.Dir(j.path)))
}

// rewrite makes the new file and puts it into the old one's place.
func (j *Journal) rewrite() (*os.File, error) {
	entries, err := j.living()
	if err != nil {
		return nil, err
	}
	fresh := j.path + ".compact" // nobody else's: the journal is locked
	_ = os.Remove(fresh)         // left by a crash
	f, err := open(fresh, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	err = fill(f, entries)
	if err == nil {
		err = rename(fresh, j.path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(fresh))
	}
	return f, nil
}

func fill(f *os.File, entries []router.JournalEntry) error {
	if err := lock(f); err != nil {
		return err
	}
	all := []byte(header)
	for _, e := range entries {
		line, err := format(e)
		if err != nil {
			return err
		}
		all = append(all, line...)
	}
	if _, err := f.Write(all); err != nil {
		return err
	}
	return f.Sync()
}

// living are the entries that Compact keeps, in their order: those from the last
// certain outcome of each message on.
func (j *Journal) living() ([]router.JournalEntry, error) {
	f, err := open(j.path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []router.JournalEntry
	done := make(map[string]int) // key → index of its last certain outcome
	s := newScanner(j.path, f)
	for s.next() {
		if s.entry.Outcome != "" && s.entry.Outcome != provider.OutcomeUnknown {
			done[s.entry.Key] = len(all)
		}
		all = append(all, s.entry)
	}
	if s.err != nil {
		return nil, s.err
	}
	kept := all[:0]
	for i, e := range all {
		if last, ok := done[e.Key]; !ok || i >= last {
			kept = append(kept, e)
		}
	}
	return kept, nil
}
