package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Find implements [router.Journal].
func (j *Journal) Find(_ context.Context, key, fingerprint string) ([]router.JournalEntry, error) {
	entries, err := j.find(key)
	if err != nil {
		return nil, err
	}
	keyed := j.keyed(fingerprint)
	for _, e := range entries {
		if e.Fingerprint != keyed {
			return nil, router.ErrRefReused
		}
	}
	return entries, nil
}

func (j *Journal) find(key string) ([]router.JournalEntry, error) {
	j.replaced.RLock()
	defer j.replaced.RUnlock()
	j.mu.Lock()
	lines := slices.Clone(j.index.find([]byte(key)))
	file := j.file
	j.mu.Unlock()
	if len(lines) == 0 {
		return nil, nil
	}
	entries := make([]router.JournalEntry, len(lines))
	for i, at := range lines {
		body, err := readBody(file, at)
		if err == nil {
			entries[i], err = parse(body)
		}
		if err == nil && entries[i].Key != key {
			err = errors.New("the index is wrong") // the chance of this is nil
		}
		if err != nil {
			return nil, fmt.Errorf("journal: %s, at byte %d: %w", j.path, at, err)
		}
	}
	return entries, nil
}

// readBody reads the body of the line that begins at a place.
func readBody(file io.ReaderAt, at int64) ([]byte, error) {
	for size := 512; ; size *= 8 {
		b := make([]byte, size)
		n, err := file.ReadAt(b, at)
		if end := bytes.IndexByte(b[:n], '\n'); end >= 0 {
			body, whole := bodyOf(b[:end])
			if !whole {
				return nil, errDamaged
			}
			return body, nil
		}
		if err != nil {
			return nil, err
		}
		if size > maxLine {
			return nil, errDamaged
		}
	}
}

// Entries returns the entries in the order in which they were added, up to those
// that were added before it was called. Their fingerprints are left out.
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
			e, err := parse(s.body)
			if err != nil {
				s.fail(err)
				break
			}
			if err := ctx.Err(); err != nil {
				yield(router.JournalEntry{}, err)
				return
			}
			e.Fingerprint = ""
			if !yield(e, nil) {
				return
			}
		}
		if s.err != nil {
			yield(router.JournalEntry{}, s.err)
		}
	}
}

// Resolve settles by hand a message whose outcome is unknown, as accepted or
// not_sent. It changes nothing about any other message, and returns an error.
func (j *Journal) Resolve(key string, as provider.Outcome) error {
	if as != provider.OutcomeAccepted && as != provider.OutcomeNotSent {
		return fmt.Errorf("journal: a message can be resolved as accepted or not_sent, not as %q", string(as))
	}
	entries, err := j.find(key)
	if err != nil {
		return err
	}
	if len(entries) == 0 || entries[len(entries)-1].Outcome == provider.OutcomeAccepted {
		return fmt.Errorf("journal: no message with key %q has an unknown outcome", key)
	}
	last := entries[len(entries)-1]
	e := router.JournalEntry{Key: key, Fingerprint: last.Fingerprint, Provider: last.Provider, Outcome: as, At: time.Now()}
	if as == provider.OutcomeNotSent {
		e.Code = provider.Unavailable
	}
	return j.add(e, false)
}
