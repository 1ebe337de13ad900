package router

import (
	"container/list"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
)

// ErrStoreFull is returned by a bounded store that would have to forget a ref
// before its time.
var ErrStoreFull = errors.New("the store is full")

// DefaultMemoryMax is how many refs a [MemoryStore] holds by default.
const DefaultMemoryMax = 100_000

// MemoryStore is a [Store] for one process. It is safe for concurrent use.
type MemoryStore struct {
	mu    sync.Mutex
	max   int
	byRef map[string]*list.Element
	queue list.List // of *memory, in the order in which they expire
	spare list.List // of *memory: late outcomes of refs that were free, which make room for claims
}

// memory is what the store knows of a ref.
type memory struct {
	ref, fingerprint string
	keep             time.Duration
	until            time.Time
	owner            string  // of the claim; "" = not claimed
	result           *Result // nil until the first Finish
	spare            bool    // in the list of this name
}

// NewMemoryStore returns a store for at most size refs; 0 means [DefaultMemoryMax].
func NewMemoryStore(size int) *MemoryStore {
	if size <= 0 {
		size = DefaultMemoryMax
	}
	return &MemoryStore{max: size, byRef: make(map[string]*list.Element)}
}

func (s *MemoryStore) resize(size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.max = size
}

// Look implements [Store].
func (s *MemoryStore) Look(_ context.Context, c Claim) (*Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(time.Now())
	if e, known := s.byRef[c.Ref]; known {
		return e.Value.(*memory).answer(c)
	}
	return nil, nil
}

// Begin implements [Store]. No claim outlives its owner, because the store ends
// with the process.
func (s *MemoryStore) Begin(_ context.Context, c Claim) (*Result, error) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now)
	e, known := s.byRef[c.Ref]
	if !known {
		m := &memory{ref: c.Ref, fingerprint: c.Fingerprint, keep: c.Keep, until: now.Add(c.Keep), owner: c.Owner}
		return nil, s.add(m)
	}
	m := e.Value.(*memory)
	prior, err := m.answer(c)
	if err != nil || prior != nil && prior.Status == provider.OutcomeAccepted {
		return prior, err
	}
	m.owner, m.keep = c.Owner, c.Keep
	s.touch(e, now)
	return prior, nil
}

// answer is what Begin returns to a claim on a ref that is known.
func (m *memory) answer(c Claim) (*Result, error) {
	switch {
	case m.fingerprint != c.Fingerprint:
		return nil, ErrRefReused
	case m.owner != "" && m.owner != c.Owner:
		return nil, ErrInFlight
	case m.result != nil && (m.result.Status == provider.OutcomeAccepted || m.result.Status == provider.OutcomeUnknown):
		return m.result.clone(), nil
	}
	return nil, nil
}

// Finish implements [Store].
func (s *MemoryStore) Finish(_ context.Context, c Claim, r *Result) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now)
	e, known := s.byRef[c.Ref]
	if !known {
		return errors.Join(ErrNotOwner, s.addLate(c, r, now))
	}
	m := e.Value.(*memory)
	if m.fingerprint != c.Fingerprint {
		return errors.Join(ErrNotOwner, ErrRefReused)
	}
	owned := m.owner != "" && m.owner == c.Owner
	if m.takes(r, owned) {
		m.result = r.clone()
	}
	if !owned {
		return ErrNotOwner
	}
	m.owner = ""
	s.touch(e, now)
	return nil
}

// takes reports whether a result replaces what is known.
func (m *memory) takes(r *Result, owned bool) bool {
	switch {
	case m.result != nil && m.result.Status == provider.OutcomeAccepted:
		return false
	case owned, r.Status == provider.OutcomeAccepted:
		return true
	case r.Status == provider.OutcomeUnknown:
		return m.owner == "" && (m.result == nil || m.result.Status != provider.OutcomeUnknown)
	}
	return false
}

func (s *MemoryStore) add(m *memory) error {
	if len(s.byRef) >= s.max {
		oldest := s.spare.Front()
		if oldest == nil {
			return ErrStoreFull
		}
		s.remove(oldest)
	}
	s.byRef[m.ref] = s.queue.PushBack(m)
	return nil
}

// addLate keeps the late outcome of a ref that is free, as long as there is room.
func (s *MemoryStore) addLate(c Claim, r *Result, now time.Time) error {
	if r.Status != provider.OutcomeAccepted && r.Status != provider.OutcomeUnknown {
		return nil
	}
	if len(s.byRef) >= s.max {
		return ErrStoreFull
	}
	m := &memory{ref: c.Ref, fingerprint: c.Fingerprint, keep: c.Keep, until: now.Add(c.Keep), result: r.clone(), spare: true}
	s.byRef[c.Ref] = s.spare.PushBack(m)
	return nil
}

// touch begins the time anew for which a ref is remembered.
func (s *MemoryStore) touch(e *list.Element, now time.Time) {
	m := e.Value.(*memory)
	m.until = now.Add(m.keep)
	if !m.spare {
		s.queue.MoveToBack(e)
		return
	}
	s.spare.Remove(e)
	m.spare = false
	s.byRef[m.ref] = s.queue.PushBack(m)
}

func (s *MemoryStore) remove(e *list.Element) {
	m := e.Value.(*memory)
	delete(s.byRef, m.ref)
	if m.spare {
		s.spare.Remove(e)
	} else {
		s.queue.Remove(e)
	}
}

// forget drops what has expired. What is claimed stays, whatever its age.
func (s *MemoryStore) forget(now time.Time) {
	for _, l := range [...]*list.List{&s.queue, &s.spare} {
		for e := l.Front(); e != nil; {
			m, next := e.Value.(*memory), e.Next()
			if now.Before(m.until) {
				break
			}
			if m.owner == "" {
				s.remove(e)
			}
			e = next
		}
	}
}

// clone copies the result and its lists.
func (r *Result) clone() *Result {
	c := *r
	c.Ignored, c.Skipped, c.Attempts = slices.Clone(r.Ignored), slices.Clone(r.Skipped), slices.Clone(r.Attempts)
	return &c
}
