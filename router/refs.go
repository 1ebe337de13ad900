package router

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/anysms/anysms/provider"
)

// refs makes sure that messages of one SendAll with the same Ref are sent once: they
// go one after the other, and the later ones learn what came of the first.
type refs struct {
	// remembers is false where a store or a journal does it.
	remembers bool

	mu    sync.Mutex
	busy  map[string]chan struct{} // Refs under way; the channel, if any, is closed afterwards
	taken map[refKey]taken         // accepted
	doubt map[refKey]doubted       // unknown
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

// enter waits until no other message with the Ref is under way. Unless it fails,
// leave must follow.
func (r *refs) enter(ctx context.Context, ref string) error {
	for {
		r.mu.Lock()
		left, busy := r.busy[ref]
		if !busy {
			if r.busy == nil {
				r.busy = make(map[string]chan struct{})
			}
			r.busy[ref] = nil
			r.mu.Unlock()
			return nil
		}
		if left == nil {
			left = make(chan struct{})
			r.busy[ref] = left
		}
		r.mu.Unlock()
		select {
		case <-left:
		case <-ctx.Done():
			return &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("%w: %w", ErrInFlight, context.Cause(ctx))}
		}
	}
}

func (r *refs) leave(ref string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if left := r.busy[ref]; left != nil {
		close(left)
	}
	delete(r.busy, ref)
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
