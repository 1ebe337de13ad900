package router

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/anysms/anysms/provider/sleep"
)

// slotStep is when a slot is looked for again by those who do not wait for it.
const slotStep = 10 * time.Millisecond

// slots are the calls that may be under way.
type slots struct {
	mu    sync.Mutex
	limit int // 0 or less = no limit, unless they are shared
	used  int
	queue list.List // of chan struct{}, each closed when it has a slot

	shared  InFlightLimiter // nil = they are this machine's own
	sharing bool            // keepShare runs
	missed  int             // looks that found no slot since keepShare has counted them
}

func (s *slots) set(limit int, shared InFlightLimiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if shared == nil || s.shared == nil {
		s.limit = limit
	}
	if shared != nil && s.shared == nil {
		s.limit = 0 // until there is a share
	}
	s.shared = shared
	s.serve()
}

// open reports whether nobody waits for a slot and one is free.
func (s *slots) open() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free() && s.queue.Len() == 0
}

// take waits for a slot, at most for patience. If that is less than the time that the
// message has, busy is set, and it fails with a busyError.
func (s *slots) take(ctx context.Context, patience time.Duration, busy bool) error {
	s.mu.Lock()
	if s.free() && s.queue.Len() == 0 {
		s.used++
		s.mu.Unlock()
		return nil
	}
	s.miss()
	if busy && patience <= 0 {
		s.mu.Unlock()
		return busyError(slotStep)
	}
	served := make(chan struct{})
	place := s.queue.PushBack(served)
	s.mu.Unlock()
	var late <-chan time.Time
	if patience < Forever {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-served:
		return nil
	case <-late:
		s.leave(place, served)
		if busy {
			return busyError(slotStep)
		}
		return errNoTime
	case <-ctx.Done():
		s.leave(place, served)
		return context.Cause(ctx)
	}
}

// leave gives up a place in the queue, or the slot that it has just been given.
func (s *slots) leave(place *list.Element, served chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-served:
		s.used--
		s.serve()
	default:
		s.queue.Remove(place)
	}
}

// peek is when it is worth looking for a slot again; 0 = there is one.
func (s *slots) peek() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free() && s.queue.Len() == 0 {
		return 0
	}
	s.miss()
	return slotStep
}

func (s *slots) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used--
	s.serve()
}

// serve gives free slots to those who wait. The lock is held.
func (s *slots) serve() {
	for s.free() && s.queue.Len() > 0 {
		s.used++
		close(s.queue.Remove(s.queue.Front()).(chan struct{}))
	}
}

func (s *slots) free() bool { return s.limit <= 0 && s.shared == nil || s.used < s.limit }

// The pauses between two calls of Share.
const (
	shareSoon = 50 * time.Millisecond // while calls wait
	shareStep = 250 * time.Millisecond
	shareTime = 5 * time.Second // of one call
)

// miss notes that a slot was looked for in vain. The lock is held.
func (s *slots) miss() {
	s.missed++
	if s.shared != nil && !s.sharing {
		s.sharing = true
		go s.keepShare()
	}
}

// keepShare keeps this machine's share fitting, until no call is under way and none waits.
// Then it has given its share back.
func (s *slots) keepShare() {
	for {
		shared, want, held := s.demand()
		if shared == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), shareTime)
		limit, err := shared.Share(ctx, want, held)
		cancel()
		pause := s.takeShare(limit, want, err)
		if pause == 0 {
			return
		}
		_ = sleep.For(context.Background(), pause) // which does not end before
	}
}

// demand is how many slots could be used, with room for more, and how many are held. If
// nothing is wanted, nothing is held from then on. shared is nil if they are shared no
// longer.
func (s *slots) demand() (shared InFlightLimiter, want, held int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if want = s.used + s.queue.Len() + s.missed; want > 0 {
		want += want/2 + 1
	}
	s.missed = 0
	if want == 0 {
		s.limit = 0
	}
	if s.shared == nil {
		s.sharing = false
	}
	return s.shared, want, max(s.used, s.limit)
}

// takeShare puts a share in force, and returns when to ask again; 0 = not before a slot is
// missed again.
func (s *slots) takeShare(limit, want int, err error) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shared == nil {
		s.sharing = false
		return 0
	}
	if err == nil {
		s.limit = limit
		s.serve()
	}
	switch {
	case want == 0 && s.used == 0 && s.queue.Len() == 0 && s.missed == 0:
		s.limit, s.sharing = 0, false
		return 0
	case err == nil && (s.queue.Len() > 0 || s.missed > 0):
		return shareSoon
	}
	return shareStep
}
