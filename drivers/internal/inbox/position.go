// Package inbox remembers how far an inbox has been read where the vendor has
// no cursor of its own: by the time of the newest message, and the ids of those
// received at that time or shortly before.
package inbox

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// Position is a place in an inbox; the zero value is its start.
type Position struct {
	At  time.Time
	IDs []string
}

// Entry is a message of the inbox. At is zero where the vendor gives no time.
type Entry struct {
	At time.Time
	ID string
}

var errForeign = errors.New("the cursor does not belong to this inbox; the first one is empty")

// ErrForeign is the error for a cursor that the inbox did not make.
func ErrForeign() error { return &provider.Error{Code: provider.Rejected, Err: errForeign} }

// ParsePosition reads what String writes.
func ParsePosition(s string) (Position, error) {
	if s == "" {
		return Position{}, nil
	}
	words := strings.Split(s, " ")
	at, err := time.Parse(time.RFC3339Nano, words[0])
	if err != nil {
		return Position{}, ErrForeign()
	}
	return Position{at, words[1:]}, nil
}

// String is the position as text, "2030-07-16T07:56:06.902Z 17 18"; the start is
// "".
func (p Position) String() string {
	if p.At.IsZero() && len(p.IDs) == 0 {
		return ""
	}
	words := []string{p.At.UTC().Format(time.RFC3339Nano)}
	for _, id := range p.IDs {
		words = append(words, word(id))
	}
	return strings.Join(words, " ")
}

// Has reports whether the id is one of the position's.
func (p Position) Has(id string) bool { return slices.Contains(p.IDs, word(id)) }

// Passed reports whether e was read before. Overlap is how late the vendor may
// list a message after its time.
func (p Position) Passed(e Entry, overlap time.Duration) bool {
	return !e.At.IsZero() && e.At.Before(p.At.Add(-overlap)) || p.Has(e.ID)
}

// Advance returns the position after a list that is in the order of its times.
func (p Position) Advance(list []Entry, overlap time.Duration) Position {
	next := Position{At: p.At}
	if n := len(list); n > 0 && list[n-1].At.After(p.At) {
		next.At = list[n-1].At
	}
	if next.At.Equal(p.At) {
		next.IDs = slices.Clone(p.IDs)
	}
	for _, e := range list {
		recent := e.At.IsZero() || !e.At.Before(next.At.Add(-overlap))
		if recent && !next.Has(e.ID) {
			next.IDs = append(next.IDs, word(e.ID))
		}
	}
	return next
}

// word keeps an id one word of the text.
func word(id string) string { return strings.ReplaceAll(id, " ", "_") }
