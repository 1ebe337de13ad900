package ledger

import "sync"

// watches are the calls that wait for queued messages to have an outcome.
type watches struct {
	mu   sync.Mutex
	byID map[string][]chan struct{}
}

// tell wakes those who wait for messages.
func (w *watches) tell(ids []string) {
	if len(ids) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		for _, c := range w.byID[id] {
			close(c)
		}
		delete(w.byID, id)
	}
}

// Watch returns a channel that is closed when a queued message has an outcome that this
// process has recorded. Others may record it too, so whoever waits also looks now and
// then. forget must be called.
func (l *Ledger) Watch(id string) (settled <-chan struct{}, forget func()) {
	w, c := &l.watches, make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byID == nil {
		w.byID = make(map[string][]chan struct{})
	}
	w.byID[id] = append(w.byID[id], c)
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for i, other := range w.byID[id] {
			if other == c {
				w.byID[id] = append(w.byID[id][:i:i], w.byID[id][i+1:]...)
			}
		}
		if len(w.byID[id]) == 0 {
			delete(w.byID, id)
		}
	}
}
