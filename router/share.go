package router

import (
	"context"
	"time"

	"github.com/anysms/anysms/provider/sleep"
)

// InFlight is a limit of the calls under way that several machines share. It is safe for
// concurrent use.
type InFlight interface {
	// Share returns how many calls this machine may have under way. want is how many it
	// would like to have; held is how many it allows itself now: these are nobody else's
	// until a later call says that it holds fewer.
	Share(ctx context.Context, want, held int) (limit int, err error)
}

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
func (s *slots) demand() (shared InFlight, want, held int) {
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
