package router

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cluster is an InFlight limit of several machines, in one process.
type cluster struct {
	limit int
	down  bool
	slow  time.Duration // of each call

	mu    sync.Mutex
	held  map[*slots]int
	asked []int // want of each call
}

// machine is one of them.
type machine struct {
	*cluster
	slots *slots
}

func (m machine) Share(ctx context.Context, want, held int) (int, error) {
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	time.Sleep(m.slow)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, want)
	if m.down {
		return 0, errors.New("out of reach")
	}
	free := m.limit
	for s, n := range m.held {
		if s != m.slots {
			free -= n
		}
	}
	limit := max(0, min(want, free))
	m.held[m.slots] = max(held, limit)
	return limit, nil
}

func (c *cluster) join() *slots {
	s := &slots{}
	s.set(0, machine{c, s})
	return s
}

// Machines share a limit: each has what it needs, as long as the others leave it, and gives
// it back when it needs it no more.
func TestSharedSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{limit: 3, held: make(map[*slots]int)}
		a, b := c.join(), c.join()
		require.ErrorIs(t, a.take(t.Context(), 0, true), busyError(slotStep), "no share yet")
		synctest.Wait()
		assert.True(t, a.open())
		for range 2 {
			require.NoError(t, a.take(t.Context(), Forever, false))
		}
		require.NoError(t, b.take(t.Context(), Forever, false))
		began := time.Now()
		require.ErrorIs(t, b.take(t.Context(), time.Minute, false), errNoTime)
		c.mu.Lock()
		assert.Greater(t, len(c.asked), 1000, "who waits asks 20 times a second")
		assert.Less(t, len(c.asked), 2000, "and once at a time")
		c.mu.Unlock()
		assert.Equal(t, time.Minute, time.Since(began))

		served := make(chan struct{})
		go func() {
			defer close(served)
			assert.NoError(t, b.take(t.Context(), Forever, false))
		}()
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, slotStep, b.peek())
		began = time.Now()
		a.release()
		a.release()
		<-served
		assert.Less(t, time.Since(began), time.Second, "what another machine gives back is had soon")
		b.release()
		b.release()
		time.Sleep(time.Minute)
		synctest.Wait()
		c.mu.Lock()
		assert.Zero(t, c.held[a]+c.held[b], "nothing is kept")
		calls := len(c.asked)
		c.mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Len(t, c.asked, calls, "nobody asks when nobody calls")
		assert.False(t, a.sharing || b.sharing)
	})
}

// While the others cannot be reached, a machine keeps the share that it has.
func TestSharedSlotsOutOfReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{limit: 2, held: make(map[*slots]int)}
		s := c.join()
		for range 2 {
			require.NoError(t, s.take(t.Context(), Forever, false))
		}
		c.mu.Lock()
		c.down = true
		c.mu.Unlock()
		time.Sleep(time.Minute)
		s.release()
		require.NoError(t, s.take(t.Context(), 0, false))
		require.ErrorIs(t, s.take(t.Context(), time.Second, false), errNoTime)
		s.release()
		s.release()
		c.mu.Lock()
		c.down = false
		c.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Zero(t, c.held[s])
	})
}

// A limit of this machine alone takes the place of a shared one, and the other way round.
func TestSlotsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slots{}
		s.set(0, nil)
		for range 100 {
			require.NoError(t, s.take(t.Context(), 0, false), "no limit")
		}
		for range 99 {
			s.release()
		}
		s.set(2, nil)
		require.NoError(t, s.take(t.Context(), 0, false))
		assert.False(t, s.open())
		assert.Equal(t, slotStep, s.peek())
		require.ErrorIs(t, s.take(t.Context(), 0, false), errNoTime)
		began := time.Now()
		require.ErrorIs(t, s.take(t.Context(), 0, true), busyError(slotStep))
		assert.Zero(t, time.Since(began))
		require.ErrorIs(t, s.take(t.Context(), time.Second, true), busyError(slotStep))
		assert.Equal(t, time.Second, time.Since(began))

		c := &cluster{limit: 5, held: make(map[*slots]int)}
		s.release()
		s.set(2, machine{c, s})
		assert.False(t, s.open(), "no share yet")
		require.NoError(t, s.take(t.Context(), time.Second, false))
		require.NoError(t, s.take(t.Context(), time.Second, false))
		assert.Equal(t, 3, s.used)
		share := s.limit
		s.set(3, machine{c, s})
		assert.Equal(t, share, s.limit, "the share stays in force")
		s.set(4, nil)
		require.NoError(t, s.take(t.Context(), 0, false))
		assert.False(t, s.open())
		time.Sleep(time.Second)
		synctest.Wait()
		assert.False(t, s.sharing)
		s.set(5, nil)
		assert.True(t, s.open())
		assert.Zero(t, s.peek())
	})
}

// Who gives up its place in the queue is not served, and whoever comes after it is.
func TestSlotsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slots{}
		s.set(1, nil)
		require.NoError(t, s.take(t.Context(), 0, false))
		ctx, cancel := context.WithCancel(t.Context())
		first, second := error(errLimiter), error(errLimiter)
		go func() { first = s.take(ctx, Forever, false) }()
		synctest.Wait()
		go func() { second = s.take(t.Context(), Forever, false) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		require.ErrorIs(t, first, context.Canceled)
		require.ErrorIs(t, second, errLimiter, "it waits")
		s.release()
		synctest.Wait()
		require.NoError(t, second)
		assert.Equal(t, 1, s.used)
		s.release()
		assert.Zero(t, s.used)
		assert.True(t, s.open())
	})
}

// Who gives up its place at the moment in which it is served gives its slot back.
func TestSlotGivenUpWhenServed(t *testing.T) {
	s := &slots{}
	s.set(1, nil)
	require.NoError(t, s.take(t.Context(), 0, false))
	served := make(chan struct{})
	place := s.queue.PushBack(served)
	s.release()
	assert.Equal(t, 1, s.used)
	s.leave(place, served)
	assert.Zero(t, s.used)
	assert.True(t, s.open())
}

// A share is asked for 20 times a second while calls wait for it, and else four times a
// second, such as while the other machines cannot be reached.
func TestHowOftenAShareIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		down, waits, looks bool
		calls              int // in ten seconds, each of which takes 10 ms
	}{
		"calls under way":            {calls: 39},
		"a call that waits":          {waits: true, calls: 167},
		"somebody who looks":         {looks: true, calls: 167},
		"out of reach, nobody waits": {down: true, calls: 39},
		"out of reach, a call waits": {down: true, waits: true, calls: 39},
		"out of reach, and a look":   {down: true, looks: true, calls: 39},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cl := &cluster{limit: 1, slow: 10 * time.Millisecond, held: make(map[*slots]int)}
				s := cl.join()
				require.NoError(t, s.take(t.Context(), Forever, false))
				cl.mu.Lock()
				cl.down = c.down
				cl.mu.Unlock()
				time.Sleep(time.Second)
				asked := func() int {
					cl.mu.Lock()
					defer cl.mu.Unlock()
					return len(cl.asked)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.waits {
					go func() { _ = s.take(ctx, Forever, false) }()
				}
				time.Sleep(time.Second)
				before := asked()
				for range 2000 {
					time.Sleep(5 * time.Millisecond)
					if c.looks {
						s.peek()
					}
				}
				assert.InDelta(t, c.calls, asked()-before, 2)
				cancel()
				synctest.Wait()
				s.release()
				time.Sleep(time.Second)
			})
		})
	}
}

// far is a shared Limiter of which a test says how it fares.
type far struct {
	bucket
	err   error
	hangs bool
	slow  time.Duration // until it replies, whatever the context says

	at       sync.Mutex
	reserved int
	returned int
}

func (f *far) Reserve(ctx context.Context, n int, patience time.Duration) (time.Duration, bool, error) {
	f.at.Lock()
	f.reserved++
	f.at.Unlock()
	if f.hangs {
		<-ctx.Done()
		return 0, false, ctx.Err()
	}
	time.Sleep(f.slow)
	if f.err != nil {
		return 0, false, f.err
	}
	return f.bucket.Reserve(ctx, n, patience)
}

func (f *far) Return(ctx context.Context, n int, wait time.Duration) error {
	f.at.Lock()
	f.returned += n
	f.at.Unlock()
	return f.bucket.Return(ctx, n, wait)
}

func upstreamWith(f *far, onError FailureMode) *upstream {
	u := &upstream{settings: Upstream{Limiter: f, LimiterOnError: onError, RateLimit: 1, MaxInFlight: 1}, limits: &limits{}, observer: &observer{}}
	u.limits.set(&u.settings, 1)
	return u
}

func TestSharedLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{}
		f.set(10, 1)
		u := upstreamWith(f, FailClosed)
		take := func(patience time.Duration, busy bool) (time.Duration, error) {
			began := time.Now()
			err := u.acquire(t.Context(), 1, time.Time{}, patience, busy)
			if err == nil {
				u.release()
			}
			return time.Since(began), err
		}
		for range 3 {
			_, err := take(Forever, false)
			require.NoError(t, err)
		}
		took, err := take(Forever, false)
		require.NoError(t, err)
		assert.Equal(t, 100*time.Millisecond, took, "its own rate is not asked")
		_, err = take(0, true)
		require.ErrorIs(t, err, busyError(100*time.Millisecond))
		_, err = take(0, false)
		require.ErrorIs(t, err, errNoTime)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, u.acquire(ctx, 1, time.Time{}, Forever, false), context.Canceled)
		require.Zero(t, u.limits.slots.used)
		require.NoError(t, u.acquire(t.Context(), 1, time.Time{}, Forever, false))
		u.giveBack(1)
		synctest.Wait()
		require.Zero(t, u.limits.slots.used)
		assert.Positive(t, f.returned)
	})
}

// What an unreachable limiter means is a setting: the message waits, or this process's own
// rate is in force, and the limiter is left alone for a second.
func TestSharedLimiterOutOfReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("out of reach")
		u := upstreamWith(&far{err: down}, FailClosed)
		err := u.acquire(t.Context(), 1, time.Time{}, Forever, false)
		require.ErrorIs(t, err, errLimiter)
		require.ErrorIs(t, err, down)
		require.Zero(t, u.limits.slots.used)

		f := &far{err: down}
		u = upstreamWith(f, FailOpen)
		require.NoError(t, u.acquire(t.Context(), 1, time.Time{}, Forever, false))
		u.release()
		require.ErrorIs(t, u.acquire(t.Context(), 1, time.Time{}, 0, false), errNoTime, "one a second")
		assert.Equal(t, 1, f.reserved)
		began := time.Now()
		time.Sleep(100 * time.Millisecond)
		require.NoError(t, u.acquire(t.Context(), 1, time.Time{}, Forever, false))
		u.release()
		assert.Equal(t, time.Second, time.Since(began), "its own rate is in force")
		assert.Equal(t, 1, f.reserved)
		require.NoError(t, u.acquire(t.Context(), 1, time.Time{}, Forever, false))
		u.release()
		assert.Equal(t, 2, f.reserved)
	})
	synctest.Test(t, func(t *testing.T) {
		u := upstreamWith(&far{hangs: true}, FailOpen)
		began := time.Now()
		require.NoError(t, u.acquire(t.Context(), 1, time.Time{}, Forever, false))
		u.release()
		assert.Equal(t, limiterTime, time.Since(began))
		time.Sleep(10 * time.Second)
		began = time.Now()
		require.NoError(t, u.acquire(t.Context(), 1, began.Add(2*time.Second), 2*time.Second, false))
		assert.Equal(t, 500*time.Millisecond, time.Since(began), "a quarter of the time there is")
	})
}

// What a shared limiter grants when nobody waits for it any more is given back.
func TestSharedLimiterThatIsLate(t *testing.T) {
	for name, c := range map[string]struct {
		rate     float64
		err      error
		returned int
	}{
		"it grants a call":     {10, nil, 1},
		"it would be too late": {0.001, nil, 0},
		"it fails":             {10, errors.New("out of reach"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &far{slow: 2 * time.Second, err: c.err}
				f.set(c.rate, 1)
				_, _, err := f.bucket.Reserve(t.Context(), 1, Forever)
				require.NoError(t, err)
				u := upstreamWith(f, FailOpen)
				require.NoError(t, u.acquire(t.Context(), 1, time.Time{}, time.Minute, false))
				u.release()
				time.Sleep(5 * time.Second)
				f.at.Lock()
				defer f.at.Unlock()
				assert.Equal(t, c.returned, f.returned)
			})
		})
	}
}
