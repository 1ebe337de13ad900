package otp

import (
	"context"
	"maps"
	"sync"
	"time"
)

// DefaultMemoryMax is how many records a [MemoryStore] holds by default: each
// verification and each number is one.
const DefaultMemoryMax = 200_000

// MemoryStore is a [Store] for one process, which forgets everything when that ends.
type MemoryStore struct {
	mu      sync.RWMutex
	max     int
	records map[string]Record
}

// NewMemoryStore returns a store for at most size records; 0 means [DefaultMemoryMax].
// Instead of forgetting one before its time it returns [ErrStoreFull].
func NewMemoryStore(size int) *MemoryStore {
	if size <= 0 {
		size = DefaultMemoryMax
	}
	return &MemoryStore{max: size, records: make(map[string]Record)}
}

// Get implements [Store].
func (s *MemoryStore) Get(_ context.Context, key string) (*Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return find(s.records, key), nil
}

func find(records map[string]Record, key string) *Record {
	if r, ok := records[key]; ok {
		return &r
	}
	return nil
}

// Update implements [Store].
func (s *MemoryStore) Update(ctx context.Context, f func(Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	tx := memoryTx{store: s, changed: make(map[string]Record, 2)}
	if err := f(&tx); err != nil {
		return err
	}
	if len(s.records)+tx.added > s.max {
		return ErrStoreFull
	}
	maps.Copy(s.records, tx.changed)
	return nil
}

// Sweep implements [Store].
func (s *MemoryStore) Sweep(_ context.Context, before time.Time, limit int) ([]Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var gone []Record
	for key, r := range s.records {
		if len(gone) >= limit {
			break
		}
		if r.Expires.Before(before) {
			gone = append(gone, r)
			delete(s.records, key)
		}
	}
	return gone, nil
}

// memoryTx gathers what an Update changes.
type memoryTx struct {
	store   *MemoryStore
	changed map[string]Record
	added   int
}

// Get implements [Tx].
func (t *memoryTx) Get(key string) (*Record, error) {
	if r := find(t.changed, key); r != nil {
		return r, nil
	}
	return find(t.store.records, key), nil
}

// Put implements [Tx].
func (t *memoryTx) Put(key string, r *Record) error {
	if known, _ := t.Get(key); known == nil {
		t.added++
	}
	t.changed[key] = *r
	return nil
}
