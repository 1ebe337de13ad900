package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
	"github.com/anysms/anysms/router/ledger"
)

// over makes the queue work over another router.
func (p *parts) over(u router.Upstream, g router.Guard) {
	p.Helper()
	u.Name, u.Provider = "vendor", p.vendor
	r, err := router.New([]router.Upstream{u}, &router.Options{Store: p.ledger, Journal: p.ledger, Validation: router.Shape, Guard: g})
	require.NoError(p, err)
	p.Cleanup(func() { assert.NoError(p, r.Close(context.Background())) })
	p.queue.router = r
}

// busy is a limit that others use up.
type busy time.Duration

func (b busy) Reserve(context.Context, int, time.Duration) (time.Duration, bool, error) {
	return time.Duration(b), false, nil
}

func (busy) Return(context.Context, int, time.Duration) error { return nil }

// TestSlot: a message that a limit will let through soon is waited for in its slot; any
// other makes room.
func TestSlot(t *testing.T) {
	for name, tt := range map[string]struct {
		upstream     router.Upstream
		sent         bool
		least, most  time.Duration // in the slot
		again, later time.Duration // not sent: tried again so long after, at least and at most
	}{
		"in a second":       {router.Upstream{RateLimit: 1}, true, 900 * time.Millisecond, 1100 * time.Millisecond, 0, 0},
		"in four seconds":   {router.Upstream{RateLimit: 0.25}, false, 0, 0, 3 * time.Second, 4 * time.Second},
		"again and again":   {router.Upstream{Limiter: busy(1500 * time.Millisecond)}, false, 10 * time.Second, 12 * time.Second, 0, 2 * time.Second},
		"for a long moment": {router.Upstream{Limiter: busy(2100 * time.Millisecond)}, false, 0, 0, 2 * time.Second, 2100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			inParts(t, nil, func(p *parts) {
				p.over(tt.upstream, nil)
				if tt.upstream.Limiter == nil {
					assert.True(t, p.work(p.one(&provider.Message{})).IsZero(), "the first takes the turn")
				}
				id := p.one(&provider.Message{})
				began := time.Now()
				again := p.work(id)
				took := time.Since(began)
				assert.Equal(t, tt.sent, again.IsZero())
				assert.GreaterOrEqual(t, took, tt.least)
				assert.LessOrEqual(t, took, tt.most)
				if !tt.sent {
					assert.GreaterOrEqual(t, time.Until(again), tt.again)
					assert.LessOrEqual(t, time.Until(again), tt.later)
					assert.Zero(t, p.job(id).Tries, "it has spent no attempt")
				}
			})
		})
	}
}

// TestGuardDefers: what a guard puts off leaves its slot at once, and says nothing of the
// providers.
func TestGuardDefers(t *testing.T) {
	few := func(o *Options) { o.Lanes = map[provider.Class]Lane{provider.Transactional: {Workers: 1}} }
	inParts(t, few, func(p *parts) {
		quiet := guard.Quiet{From: guard.Clock{}, To: guard.Clock{Hour: 6}, Zone: time.UTC}
		policy, err := guard.New(guard.Options{Quiet: []guard.Quiet{quiet}})
		require.NoError(t, err)
		p.over(router.Upstream{}, policy)
		six := time.Now().Add(6 * time.Hour)
		queue := func(change func(*provider.Message)) (string, error) {
			m := &provider.Message{To: e164.MustParse("+88299999999"), Text: "Hello"}
			change(m)
			return p.queue.Enqueue(context.Background(), m)
		}
		id, err := queue(func(*provider.Message) {})
		require.NoError(t, err, "the night is no reason not to queue it")
		_, err = queue(func(m *provider.Message) { m.SendAt = six })
		require.NoError(t, err)
		_, err = queue(func(m *provider.Message) { m.Deadline = time.Now() })
		require.ErrorContains(t, err, "the deadline has passed", "that is one")
		time.Sleep(time.Until(six) - time.Second)
		for range 3 {
			began := time.Now()
			assert.True(t, six.Equal(p.work(id)))
			assert.Zero(t, time.Since(began))
			p.queue.follow(context.Background(), p.job(id), &router.Result{Status: provider.OutcomeNotSent, Deferred: &router.Deferred{Until: time.Now().Add(1)}}, nil)
			time.Sleep(time.Millisecond)
		}
		assert.LessOrEqual(t, p.lane.rest(), time.Duration(0))
	})
}

// TestLaneRestsInAnOutage: messages that no provider can take make the lane rest.
func TestLaneRestsInAnOutage(t *testing.T) {
	few := func(o *Options) { o.Lanes = map[provider.Class]Lane{provider.Transactional: {Workers: 1}} }
	inParts(t, few, func(p *parts) {
		ids := []string{p.one(&provider.Message{}), p.one(&provider.Message{}), p.one(&provider.Message{})}
		require.NoError(t, p.queue.router.SetOverride("vendor", router.OverrideOut))
		for i, id := range ids[:2] {
			assert.LessOrEqual(t, p.lane.rest(), time.Duration(0), i)
			assert.False(t, p.work(id).IsZero())
		}
		assert.Positive(t, p.lane.rest())
		require.NoError(t, p.queue.router.SetOverride("vendor", router.OverrideIn))
		assert.True(t, p.work(ids[2]).IsZero())
		assert.LessOrEqual(t, p.lane.rest(), time.Duration(0), "they are back")
	})
}

// TestPut: what became of a message is written until it succeeds, or until it cannot.
func TestPut(t *testing.T) {
	inParts(t, nil, func(p *parts) {
		j := &ledger.Job{ID: "msg_1"}
		calls := 0
		began := time.Now()
		p.queue.put(context.Background(), j, func() error {
			if calls++; calls <= 3 {
				return errors.New("disk full")
			}
			return nil
		})
		assert.Equal(t, 4, calls)
		took := time.Since(began) // a quarter of 1, 2 and 4 seconds, each less up to a quarter
		assert.LessOrEqual(t, took, 1750*time.Millisecond)
		assert.GreaterOrEqual(t, took, 1312*time.Millisecond)
		assert.Regexp(t, `^[^\n]*what became of a message cannot be recorded[^\n]*id=msg_1[^\n]*disk full[^\n]*\n$`, p.log.String(), "it is said once")
		for _, tt := range []struct {
			err   error
			calls int
			log   string
		}{
			{ledger.ErrClosed, 1, "a queued message stays as it is"},
			{ledger.ErrBadValue, 3, "what became of a message cannot be recorded"},
			{router.ErrInFlight, 1, ""},
		} {
			p.log.Reset()
			calls = 0
			err := p.queue.put(context.Background(), j, func() error { calls++; return fmt.Errorf("ledger: %w", tt.err) })
			require.ErrorIs(t, err, tt.err)
			assert.Equal(t, tt.calls, calls, tt.err)
			assert.Contains(t, p.log.String(), tt.log)
		}
	})
}

// TestRetryAllIsAll: more dead letters than are read at once.
func TestRetryAllIsAll(t *testing.T) {
	inParts(t, nil, func(p *parts) {
		const many = 501
		p.add(many, 0)
		time.Sleep(24*time.Hour + 2*time.Minute) // nobody had time for them
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Minute, cancel)
		p.queue.runLanes(ctx)
		depths, err := p.queue.Stats(context.Background())
		require.NoError(t, err)
		require.Equal(t, many, depths[1].Dead)
		n, err := p.queue.RetryAll(context.Background(), ledger.DeadFilter{Limit: 3})
		require.NoError(t, err)
		assert.Equal(t, many, n)
		depths, err = p.queue.Stats(context.Background())
		require.NoError(t, err)
		assert.Equal(t, many, depths[1].Ready)
		assert.Zero(t, depths[1].Dead)
	})
}

// polling is an engine that looks for work all the time.
type polling struct {
	paused []string
	broken error
}

func (e *polling) Run(ctx context.Context, q *Queue) error {
	for ctx.Err() == nil && e.broken == nil {
		for _, class := range Classes() {
			jobs, _, err := q.Ledger().DueJobs(ctx, class, time.Now(), 10)
			if err != nil {
				return err
			}
			for _, j := range jobs {
				if _, err := q.Work(ctx, j.ID); err != nil {
					return err
				}
			}
		}
		time.Sleep(time.Second)
	}
	return e.broken
}

func (e *polling) Pause(_ context.Context, class provider.Class, paused bool) error {
	e.paused = append(e.paused, fmt.Sprint(class, " ", paused))
	return e.broken
}

func TestEngine(t *testing.T) {
	e := new(polling)
	inParts(t, func(o *Options) { o.Engine = e }, func(p *parts) {
		ctx := context.Background()
		id := p.one(&provider.Message{Class: provider.OTP})
		require.NoError(t, p.queue.Pause(ctx, provider.Marketing))
		require.NoError(t, p.queue.Resume(ctx, ""))
		assert.Equal(t, []string{"marketing true", "transactional false"}, e.paused)
		require.ErrorContains(t, p.queue.Pause(ctx, "urgent"), `unknown class "urgent"`)
		working, cancel := context.WithCancel(ctx)
		time.AfterFunc(time.Minute+time.Second/2, cancel) // while the engine sleeps
		require.NoError(t, p.queue.Run(working))
		assert.Equal(t, ledger.Accepted, p.message(id).Status)

		e.broken = errors.New("no connection")
		require.EqualError(t, p.queue.Run(ctx), "queue: no connection")
		require.EqualError(t, p.queue.Pause(ctx, provider.OTP), "queue: no connection")
		require.NoError(t, p.ledger.Close())
		require.ErrorIs(t, p.queue.Pause(ctx, provider.OTP), ledger.ErrClosed)
		assert.Len(t, e.paused, 3, "nobody is told of a pause that is not in force")
	})
}
