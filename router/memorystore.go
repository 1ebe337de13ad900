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

// DefaultStoreMax is how many refs a [MemoryStore] holds by default.
const DefaultStoreMax = 100_000

// MemoryStore is a [Store] for one process. It is safe for concurrent use.
type MemoryStore struct {
	mu    sync.Mutex
	max   int
	byRef map[string]*list.Element
	queue list.List // of *claim, in the order in which they expire
}

type claim struct {
	ref, fingerprint string
	keep             time.Duration
	until            time.Time
	sending          bool
	result           *Result // nil until the first Finish
}

// NewMemoryStore returns a store for at most size refs; 0 means [DefaultStoreMax].
func NewMemoryStore(size int) *MemoryStore {
	if size <= 0 {
		size = DefaultStoreMax
	}
	return &MemoryStore{max: size, byRef: make(map[string]*list.Element)}
}

func (s *MemoryStore) resize(size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.max = size
}

// Begin implements [Store]. No claim outlives its owner, because the store ends
// with the process.
func (s *MemoryStore) Begin(_ context.Context, ref, fingerprint string, keep time.Duration) (*Result, error) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now)
	e, known := s.byRef[ref]
	if !known {
		return nil, s.add(&claim{ref: ref, fingerprint: fingerprint, keep: keep, until: now.Add(keep), sending: true})
	}
	c := e.Value.(*claim)
	switch {
	case c.fingerprint != fingerprint:
		return nil, ErrRefReused
	case c.sending:
		return nil, ErrInFlight
	case c.result.Status == provider.OutcomeAccepted:
		return c.result.clone(), nil
	}
	c.sending, c.keep, c.until = true, keep, now.Add(keep)
	s.queue.MoveToBack(e)
	if c.result.Status == provider.OutcomeUnknown {
		return c.result.clone(), nil
	}
	return nil, nil
}

func (s *MemoryStore) add(c *claim) error {
	if len(s.byRef) >= s.max {
		return ErrStoreFull
	}
	s.byRef[c.ref] = s.queue.PushBack(c)
	return nil
}

// forget drops what has expired. A claim in flight stays, whatever its age.
func (s *MemoryStore) forget(now time.Time) {
	for e := s.queue.Front(); e != nil; {
		c, next := e.Value.(*claim), e.Next()
		if now.Before(c.until) {
			return
		}
		if !c.sending {
			s.queue.Remove(e)
			delete(s.byRef, c.ref)
		}
		e = next
	}
}

// Finish implements [Store].
func (s *MemoryStore) Finish(_ context.Context, ref string, r *Result) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, known := s.byRef[ref]
	if !known || !e.Value.(*claim).sending {
		return errors.New("this ref is not claimed")
	}
	c := e.Value.(*claim)
	c.result, c.sending, c.until = r.clone(), false, time.Now().Add(c.keep)
	s.queue.MoveToBack(e)
	return nil
}

// clone copies the result and its lists.
func (r *Result) clone() *Result {
	c := *r
	c.Ignored, c.Skipped, c.Attempts = slices.Clone(r.Ignored), slices.Clone(r.Skipped), slices.Clone(r.Attempts)
	return &c
}
