package router

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/anysms/anysms/provider"
)

// refs makes sure that messages of one SendAll with the same Ref are sent once: they
// go one after the other in their order, and the later ones learn what came of the
// first.
type refs struct {
	// remembers is false where a store or a journal does it.
	remembers bool

	mu    sync.Mutex
	last  map[string]*ticket // the last one in line for each Ref under way
	taken map[refKey]taken   // accepted
	doubt map[refKey]doubted // unknown
}

// refKey is half the SHA-256 of a Ref.
type refKey [16]byte

func keyOf(ref string) refKey {
	sum := sha256.Sum256([]byte(ref))
	return refKey(sum[:16])
}

// taken is an accepted message, as small as it can be.
type taken struct {
	content      uint64
	provider, id string
	duplicate    bool // possible
}

type doubted struct {
	content uint64
	result  *Result
}

// ticket is the place of a message among those with its Ref.
type ticket struct {
	after *ticket       // nil = the first, or that one has left
	left  chan struct{} // closed when this one has left; made when somebody waits for it
	over  bool
}

// line gives a message its ticket, in the order of the calls.
func (r *refs) line(ref string) *ticket {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		r.last = make(map[string]*ticket)
	}
	t := &ticket{after: r.last[ref]}
	r.last[ref] = t
	return t
}

// enter waits until those before have left. Unless it fails, leave must follow.
func (r *refs) enter(ctx context.Context, t *ticket) error {
	r.mu.Lock()
	before := t.after
	if before == nil || before.over {
		t.after = nil
		r.mu.Unlock()
		return nil
	}
	if before.left == nil {
		before.left = make(chan struct{})
	}
	r.mu.Unlock()
	select {
	case <-before.left:
		t.after = nil
		return nil
	case <-ctx.Done():
		return &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("%w: %w", ErrInFlight, context.Cause(ctx))}
	}
}

func (r *refs) leave(ref string, t *ticket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.over = true
	if t.left != nil {
		close(t.left)
	}
	if r.last[ref] == t {
		delete(r.last, ref)
	}
}

// remember keeps what came of a message, if it may have been sent.
func (r *refs) remember(ref string, c content, result *Result) {
	if !r.remembers || !perhapsSent(result) {
		return
	}
	key := keyOf(ref)
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.taken[key]; known {
		return
	}
	if r.taken == nil {
		r.taken, r.doubt = make(map[refKey]taken), make(map[refKey]doubted)
	}
	if result.Status == provider.OutcomeAccepted {
		delete(r.doubt, key)
		r.taken[key] = taken{c.short(), result.Provider, result.ID, result.DuplicatePossible}
		return
	}
	if d, known := r.doubt[key]; !known || d.content == c.short() {
		r.doubt[key] = doubted{c.short(), result.clone()}
	}
}

// recall returns what came of the first message with a Ref. The error says that this
// one has other content.
func (r *refs) recall(ref string, c content) (prior *Result, err error) {
	key := keyOf(ref)
	r.mu.Lock()
	defer r.mu.Unlock()
	t, accepted := r.taken[key]
	d, unknown := r.doubt[key]
	switch {
	case accepted && t.content == c.short():
		return &Result{Status: provider.OutcomeAccepted, Provider: t.provider, ID: t.id, DuplicatePossible: t.duplicate}, nil
	case unknown && d.content == c.short():
		return d.result.clone(), nil
	case accepted || unknown:
		return nil, reusedRef()
	}
	return nil, nil
}
