package smpp

import (
	"sync"

	"github.com/anysms/anysms/provider"
)

// maxKnown bounds what is remembered by id.
const maxKnown = 20_000

// recent remembers something by the SMSC's ids, the latest of them.
type recent[T any] struct {
	mu    sync.Mutex
	by    map[string]T
	order []string // oldest first
}

func (r *recent[T]) add(id string, value T) {
	if id == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = make(map[string]T)
	}
	if _, known := r.by[id]; !known {
		r.order = append(r.order, id)
	}
	r.by[id] = value
	if len(r.order) > maxKnown {
		delete(r.by, r.order[0])
		r.order = r.order[1:]
	}
}

func (r *recent[T]) get(id string) (value T, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	value, known = r.by[id]
	return value, known
}

// place is the place of a segment.
type place struct {
	message    string // Receipt.ID
	number, of int
}

// known is what is remembered of messages that were accepted.
type known struct {
	places recent[place] // by the id of a segment: the SMSC's reports do not tell
}

// add remembers the accepted segments of a message of so many, unless a report has the
// message's id anyway.
func (k *known) add(message string, ids []string, of int) {
	if of == 1 && message == provider.JoinSegmentIDs(ids) {
		return
	}
	for i, id := range ids {
		k.places.add(id, place{message, i + 1, of})
	}
}

// complete gives a report about the SMSC's id that of the message. One about a segment
// becomes one about its message.
func (k *known) complete(e provider.Event, id string) provider.Event {
	at, ok := k.places.get(id)
	switch {
	case !ok:
		e.ID = provider.JoinSegmentIDs([]string{id})
	case at.of == 1:
		e.ID = at.message
	default:
		e = e.OfSegment(at.message, at.number, at.of)
	}
	return e
}
