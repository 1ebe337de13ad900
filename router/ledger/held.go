package ledger

import (
	"context"
	"slices"
)

// maxHeld bounds what is held.
const maxHeld = 1024

// held are the claims of this process whose sends are under way, with their messages, as
// the database has them: so they need not be read again when the sends end. It is for the
// committer alone.
type held struct {
	version int64 // of the database
	list    map[string]*heldClaim
	byRef   map[string]string // the keys of list by the refs of the router's namespace
}

// heldClaim is in the list under the id of its message.
type heldClaim struct {
	claim    *claim
	message  *record
	attempts []Attempt // as stored
}

func newHeld() *held {
	return &held{list: make(map[string]*heldClaim), byRef: make(map[string]string)}
}

func (h *held) clear() { clear(h.list); clear(h.byRef) }

// check lets go of everything if others have written to the database.
func (h *held) check(ctx context.Context, db Versioned, tx Tx) error {
	v, err := db.Version(ctx, tx)
	if err != nil || v != h.version {
		h.clear()
	}
	h.version = v
	return err
}

// take puts what is held under refs into the working set, and returns the other refs.
func (h *held) take(w *work, refs []string) (others []string) {
	for _, ref := range refs {
		id, known := h.byRef[ref]
		if !known {
			id = ref // of a queued message
		}
		c := h.list[id]
		if c == nil {
			others = append(others, ref)
			continue
		}
		w.addClaim(c.claim)
		w.messages[id] = c.message
		for i, a := range c.message.attempts {
			w.attempts[a.ID], w.stored[a.ID] = c.message, c.attempts[i]
			w.index(a)
		}
	}
	return others
}

// keep holds what a batch has left under way. A message with events is read again: they
// have got their numbers from the database.
func (h *held) keep(w *work) {
	for id := range w.messages {
		h.drop(id)
	}
	for _, c := range w.byRef {
		r := w.messages[c.message]
		if r == nil || c.owner == "" || c.run != w.ledger.db.Run() || len(r.events) > 0 || len(h.list) >= maxHeld {
			continue
		}
		was := r.seldom()
		r.stored, r.was, r.changed, r.gone = &was, r.Status, false, nil
		c.changed, c.fresh = false, false
		e := &heldClaim{claim: c, message: r}
		for _, a := range r.attempts {
			e.attempts = append(e.attempts, *a)
		}
		h.list[r.ID] = e
		if c.namespace == w.ledger.options.Namespace {
			h.byRef[c.ref] = r.ID
		}
	}
}

func (h *held) drop(id string) {
	if c := h.list[id]; c != nil {
		delete(h.list, id)
		delete(h.byRef, c.claim.ref)
	}
}

// unread returns the ids of messages that are not in the working set yet.
func (w *work) unread(ids []string) []string {
	return slices.DeleteFunc(ids, func(id string) bool { return w.messages[id] != nil })
}
