package smpp

import (
	"sync"

	"github.com/anysms/anysms/provider"
)

// maxKnown bounds the messages of several segments that are remembered.
const maxKnown = 10_000

// knownSegments remembers which message a segment's id belongs to, so that its
// report can name the message. The SMSC does not tell.
type knownSegments struct {
	mu    sync.Mutex
	by    map[string]known
	order [][]string // the ids of each message, oldest first
}

type known struct {
	message    string
	number, of int
}

func (k *knownSegments) add(message string, ids []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil {
		k.by = make(map[string]known)
	}
	for i, id := range ids {
		if id != "" {
			k.by[id] = known{message, i + 1, len(ids)}
		}
	}
	if k.order = append(k.order, ids); len(k.order) <= maxKnown {
		return
	}
	for _, id := range k.order[0] {
		delete(k.by, id)
	}
	k.order = k.order[1:]
}

// place completes a report about a segment.
func (k *knownSegments) place(e provider.Event) provider.Event {
	k.mu.Lock()
	seg, ok := k.by[e.ID]
	k.mu.Unlock()
	if !ok {
		return e
	}
	return e.OfSegment(seg.message, seg.number, seg.of)
}
