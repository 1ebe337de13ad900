package memory

import (
	"strconv"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// Entry is a message that was accepted.
type Entry struct {
	ID      string // the receipt's
	Message provider.Message
	At      time.Time
	Status  provider.Status
	Code    provider.Code // why it was not delivered
}

// status returns the entry's status at a time: a scheduled message is queued.
func (e *Entry) status(now time.Time) provider.Status {
	if e.Status == provider.StatusAccepted && now.Before(e.Message.SendAt) {
		return provider.StatusQueued
	}
	return e.Status
}

// ledger keeps the latest entries in a ring. Serials count from 1.
type ledger struct {
	limit int
	last  uint64 // serial of the latest message, kept or not
	ring  []Entry
}

const idPrefix = "m"

// next returns the id of the next message.
func (l *ledger) next() string {
	l.last++
	var b [24]byte
	return string(strconv.AppendUint(append(b[:0], idPrefix...), l.last, 10))
}

// add adds the message that next was called for.
func (l *ledger) add(e Entry) {
	switch {
	case l.limit < 1:
	case len(l.ring) < l.limit:
		l.ring = append(l.ring, e)
	default:
		l.ring[l.slot(l.last)] = e
	}
}

func (l *ledger) slot(serial uint64) int { return int((serial - 1) % uint64(l.limit)) }

// find returns the entry with an id, or nil.
func (l *ledger) find(id string) *Entry {
	digits, ok := strings.CutPrefix(id, idPrefix)
	serial, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || serial == 0 || l.limit < 1 {
		return nil
	}
	if slot := l.slot(serial); slot < len(l.ring) && l.ring[slot].ID == id {
		return &l.ring[slot]
	}
	return nil
}

// findRef returns the latest entry with a ref that is not older than since, or
// nil.
func (l *ledger) findRef(ref string, since time.Time) *Entry {
	for back := range len(l.ring) {
		e := &l.ring[l.slot(l.last-uint64(back))]
		if e.At.Before(since) {
			return nil
		}
		if e.Message.Ref == ref {
			return e
		}
	}
	return nil
}

// entries returns a copy, oldest first.
func (l *ledger) entries() []Entry {
	all := make([]Entry, 0, len(l.ring))
	for i := range l.ring {
		e := l.ring[l.slot(l.last-uint64(len(l.ring)-1-i))]
		e.Message = *e.Message.Clone()
		all = append(all, e)
	}
	return all
}
