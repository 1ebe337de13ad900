package router

import (
	"sync"

	"github.com/anysms/anysms/provider"
)

// maxDoubts bounds how many messages with a possible duplicate are remembered.
const maxDoubts = 4096

// doubts remembers, for messages that may have been sent twice, which providers
// may have them. The oldest are forgotten first.
type doubts struct {
	mu    sync.Mutex
	byRef map[string]map[string]bool // ref → provider → already confirmed
	order []string
}

func (d *doubts) remember(r *Result) {
	ref := r.Ref
	if ref == "" || !r.DuplicatePossible {
		return
	}
	in := make(map[string]bool)
	for i := range r.Attempts {
		a := &r.Attempts[i]
		if a.Outcome == provider.OutcomeUnknown || a.Reconciled && a.Outcome == provider.OutcomeNotSent {
			in[a.Provider] = false
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byRef == nil {
		d.byRef = make(map[string]map[string]bool)
	}
	if _, known := d.byRef[ref]; !known {
		d.order = append(d.order, ref)
	}
	d.byRef[ref] = in
	if len(d.order) > maxDoubts {
		delete(d.byRef, d.order[0])
		d.order = d.order[1:]
	}
}

// confirmed reports whether a provider in doubt has the message after all; it
// returns true once for a message and provider.
func (d *doubts) confirmed(ref, name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	done, inDoubt := d.byRef[ref][name]
	if !inDoubt || done {
		return false
	}
	d.byRef[ref][name] = true
	return true
}
