package router_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/router"
)

var german = e164.MustParse("+4915112345678")

func TestRateLimitWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{}), RateLimit: 2}}, nil)
		began := time.Now()
		for range 5 {
			_, err := r.Send(t.Context(), text("x"))
			require.NoError(t, err)
		}
		assert.Equal(t, 2*time.Second, time.Since(began))
	})
}

// limited is a provider whose vendor documents limits.
type limited struct{ provider.Provider }

func (l limited) Unwrap() provider.Provider { return l.Provider }

func (l limited) Capabilities() provider.Capabilities {
	c := l.Provider.Capabilities()
	c.RateLimit, c.MaxInFlight = 2, 1
	return c
}

func TestVendorsOwnLimitsAreTheDefault(t *testing.T) {
	for name, tt := range map[string]struct {
		settings router.Upstream
		want     time.Duration
	}{
		"nothing set": {router.Upstream{}, 2 * time.Second},
		"set":         {router.Upstream{RateLimit: 4}, time.Second},
		"off":         {router.Upstream{RateLimit: -1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.settings.Name, tt.settings.Provider = "a", limited{vendor(t, memory.Config{})}
				r := open(t, []router.Upstream{tt.settings}, nil)
				began := time.Now()
				for range 5 {
					_, err := r.Send(t.Context(), text("x"))
					require.NoError(t, err)
				}
				assert.Equal(t, tt.want, time.Since(began))
			})
		})
	}
	t.Run("in flight", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := limited{vendor(t, memory.Config{Delay: provider.Duration(time.Second)})}
			r := open(t, []router.Upstream{{Name: "a", Provider: a, RateLimit: -1}}, nil)
			began := time.Now()
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() { _, _ = r.Send(t.Context(), text("x")) })
			}
			all.Wait()
			assert.Equal(t, 3*time.Second, time.Since(began), "one after the other")
		})
	})
}

func TestRateLimitOverflows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, []router.Upstream{
			{Name: "a", Provider: vendor(t, memory.Config{}), RateLimit: 1, Overflow: true},
			{Name: "b", Provider: vendor(t, memory.Config{}), RateLimit: 1, Overflow: true},
		}, nil)
		var order string
		began := time.Now()
		for range 4 {
			res, err := r.Send(t.Context(), text("x"))
			require.NoError(t, err)
			order += res.Provider
		}
		assert.Equal(t, "abab", order, "the third waits where it is ready first")
		assert.Equal(t, time.Second, time.Since(began))
	})
}

func TestRateLimitEndsWithTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, RateLimit: 0.1}}, nil)
		_, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		m := text("x")
		m.Deadline = time.Now().Add(5 * time.Second)
		res, err := r.Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.Contains(t, res.Skipped[0].Reason, "deadline")
		assert.Equal(t, 1, a.Attempts())
		time.Sleep(10 * time.Second)
		_, err = r.Send(t.Context(), text("x"))
		require.NoError(t, err, "what was not used is not lost")
	})
}

func TestSegmentRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{}), SegmentRate: 10}}, nil)
		long := strings.Repeat("x", 153*5)
		began := time.Now()
		for range 4 { // 20 segments, of which 10 at once
			_, err := r.Send(t.Context(), text(long))
			require.NoError(t, err)
		}
		assert.Equal(t, time.Second, time.Since(began))
	})
}

func TestMaxInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Delay: provider.Duration(time.Second)})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, MaxInFlight: 2}}, nil)
		began := time.Now()
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				_, err := r.Send(t.Context(), text("x"))
				assert.NoError(t, err)
			})
		}
		synctest.Wait()
		assert.Equal(t, 2, r.States()[0].InFlight)
		wg.Wait()
		assert.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestMaxInFlightOverflowsUntilDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{Delay: provider.Duration(time.Minute)}), vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, MaxInFlight: 1, Overflow: true, Timeout: time.Hour}, {Name: "b", Provider: b}}, nil)
		alone := open(t, []router.Upstream{{Name: "a", Provider: a, MaxInFlight: 1, Timeout: time.Hour}}, nil)
		var wg sync.WaitGroup
		for _, r := range []*router.Router{r, alone} {
			wg.Go(func() { _, _ = r.Send(t.Context(), text("x")) })
		}
		synctest.Wait()
		res, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		assert.Equal(t, "b", res.Provider)

		m := text("x")
		m.Deadline = time.Now().Add(time.Second)
		res, err = alone.Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Empty(t, res.Attempts)

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err = alone.Send(ctx, text("x"))
		require.ErrorIs(t, err, context.Canceled)
		wg.Wait()
	})
}

// The wait for a limit may take all the time there was.
func TestNoAttemptAfterTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, RateLimit: 1}}, nil)
		_, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		m := text("x")
		m.Deadline = time.Now().Add(time.Second) // the very moment the limit would let it through
		res, err := r.Send(t.Context(), m)
		require.Error(t, err)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.Equal(t, 1, a.Attempts())
	})
}

// Waiting for a limit does not count as a pause that the vendor asked for.
func TestRetriesAfterALongQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, RateLimit: 0.01}}, nil)
		_, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		a.Script(code(provider.Unavailable))
		res, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err, "%s", trail(res))
		a.Script(code(provider.RateLimited))
		res, err = r.Send(t.Context(), text("x"))
		require.NoError(t, err, "%s", trail(res))
	})
}

// The validity of a scheduled message begins when it is due.
func TestValidityOfAScheduledMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, RateLimit: 0.01}}, nil)
		_, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		m := text("y")
		m.SendAt, m.Validity = time.Now().Add(90*time.Second), 60*time.Second
		_, err = r.Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, 50*time.Second, a.Messages()[1].Message.Validity)
	})
}

// The router's own milliseconds do not shorten the validity: a minute is not sent
// as 59 seconds.
func TestValidityKeepsWholeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, RateLimit: 2}}, nil)
		for range 4 {
			m := text("x")
			m.Validity = time.Minute
			_, err := r.Send(t.Context(), m)
			require.NoError(t, err)
		}
		assert.Equal(t, time.Minute, a.Messages()[1].Message.Validity)
	})
}

// connects records the connect timeout that it is given.
type connects struct {
	memory.Provider
	limit time.Duration
}

func (c *connects) Send(ctx context.Context, _ *provider.Message) (*provider.Receipt, error) {
	c.limit, _ = httpcall.ConnectTimeout(ctx)
	return &provider.Receipt{}, nil
}

func TestConnectTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a connects
		for _, tt := range []struct{ own, deadline, want time.Duration }{
			{0, 0, 0}, {time.Second, 0, time.Second}, {0, 2 * time.Second, 2 * time.Second}, {0, 3 * time.Second, 0}, {time.Second, time.Minute, time.Second},
			{10 * time.Second, 5 * time.Second, 5 * time.Second}, {time.Second, 500 * time.Millisecond, 500 * time.Millisecond},
		} {
			r := open(t, []router.Upstream{{Name: "a", Provider: &a, ConnectTimeout: tt.own}}, nil)
			m := text("x")
			if tt.deadline > 0 {
				m.Deadline = time.Now().Add(tt.deadline)
			}
			_, err := r.Send(t.Context(), m)
			require.NoError(t, err)
			assert.Equal(t, tt.want, a.limit, "%v", tt)
		}
	})
}

// countedLimiter is a shared Limiter of which all machines together get one unit a second.
type countedLimiter struct {
	mu    sync.Mutex
	asked int
	next  time.Time
}

func (l *countedLimiter) Reserve(_ context.Context, _ int, patience time.Duration) (time.Duration, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	wait := max(0, time.Until(l.next))
	if wait > patience {
		return wait, false, nil
	}
	l.next = time.Now().Add(wait + time.Second)
	return wait, true, nil
}

func (l *countedLimiter) Return(context.Context, int, time.Duration) error { return nil }

// TestFullLimiterIsLeftAlone: of many messages that do not wait for a shared limiter only
// the first asks it, until it can have something again. A message that waits asks.
func TestFullLimiterIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &countedLimiter{}
		upstreams := []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{}), Limiter: l}}
		r := open(t, upstreams, nil)
		accepted(t, r)
		for range 100 {
			res, err := r.Try(t.Context(), text("hello"), router.TryOptions{})
			require.ErrorIs(t, err, provider.Unavailable)
			require.NotNil(t, res.Deferred)
			assert.WithinDuration(t, l.next, res.Deferred.Until, 50*time.Millisecond)
			time.Sleep(time.Millisecond)
		}
		assert.Equal(t, 2, l.asked, "by the first message, and by the first of these")
		_, err := r.Try(t.Context(), text("hello"), router.TryOptions{Patience: time.Second})
		require.NoError(t, err)
		assert.Equal(t, 3, l.asked)

		time.Sleep(2 * time.Second)
		_, err = r.Try(t.Context(), text("hello"), router.TryOptions{})
		require.NoError(t, err)
		_, err = r.Try(t.Context(), text("hello"), router.TryOptions{})
		require.Error(t, err)
		l.next = time.Now()
		done, err := r.Reload(upstreams, nil)
		require.NoError(t, err)
		require.NoError(t, <-done)
		_, err = r.Try(t.Context(), text("hello"), router.TryOptions{})
		require.NoError(t, err, "the limiter may be another one")
	})
}

// The time that a message waits for a slot is a part of the time that it has.
func TestLimitsShareTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Answer: func(m *provider.Message) memory.Answer {
			if m.Text == "slow" {
				return memory.Answer{Delay: 5 * time.Second}
			}
			return memory.Answer{}
		}})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, MaxInFlight: 1, RateLimit: 1.0 / 12}}, nil)
		var all sync.WaitGroup
		all.Go(func() { _, _ = r.Send(t.Context(), text("slow")) })
		synctest.Wait()
		began := time.Now()
		m := text("x")
		m.Deadline = began.Add(10 * time.Second) // of which the slot takes 5 and the rate would take 7
		res, err := r.Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.Equal(t, 5*time.Second, time.Since(began), "it does not wait in vain")
		all.Wait()
	})
}

// Who gives up while it waits leaves its turn to the next, at the same time.
func TestTurnThatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{}), RateLimit: 1}}, nil)
		accepted(t, r)
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		_, err := r.Send(ctx, text("x"))
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 500*time.Millisecond, time.Since(began))
		accepted(t, r)
		assert.Equal(t, time.Second, time.Since(began))
		accepted(t, r)
		assert.Equal(t, 2*time.Second, time.Since(began))
	})
}
