package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Compact rewrites the file, keeping the last outcome of each message, or its
// intents if it has no outcome. A crash at any moment does no harm: the new file
// replaces the old one when it is on disk. Calls that add entries wait.
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

// rewrite writes the new file and replaces the old one with it.
func (j *Journal) rewrite() (*os.File, error) {
	entries, err := j.living()
	if err != nil {
		return nil, err
	}
	fresh := j.path + ".compact" // the journal is locked, so no other process uses this name
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

// living returns the entries that Compact keeps, in their order: for each message
// those from its last certain outcome on.
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
