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

// one queues a message and returns its id.
func (p *parts) one(m *provider.Message) string {
	p.Helper()
	m.To, m.Text = e164.MustParse("+12125550123"), "Hello"
	id, err := p.queue.Enqueue(context.Background(), m)
	require.NoError(p, err)
	return id
}

func (p *parts) job(id string) *ledger.Job {
	p.Helper()
	j, err := p.ledger.Job(context.Background(), id)
	require.NoError(p, err)
	return j
}

func (p *parts) message(id string) *ledger.Message {
	p.Helper()
	m, err := p.ledger.Message(context.Background(), id)
	require.NoError(p, err)
	return m
}

// work does what an engine does for a message that it thinks is due.
func (p *parts) work(id string) time.Time {
	p.Helper()
	again, err := p.queue.Work(context.Background(), id)
	require.NoError(p, err)
	return again
}

// TestWork: engines learn when a message is to be tried again, and nothing is sent before.
func TestWork(t *testing.T) {
	inParts(t, nil, func(p *parts) {
		due := time.Now().Add(time.Hour)
		id := p.one(&provider.Message{SendAt: due})
		assert.True(t, due.Equal(p.work(id)))
		require.NoError(t, p.queue.Pause(context.Background(), provider.Transactional))
		time.Sleep(time.Hour)
		assert.Equal(t, time.Now().Add(5*lookAgain), p.work(id), "its class is paused")
		require.NoError(t, p.queue.Resume(context.Background(), provider.Transactional))
		assert.Empty(t, p.vendor.Messages())

		assert.True(t, p.work(id).IsZero())
		assert.Equal(t, ledger.Accepted, p.message(id).Status)
		assert.True(t, p.work(id).IsZero(), "it is not in the queue any more")
		assert.True(t, p.work("msg_of-nobody").IsZero())
		assert.Len(t, p.vendor.Messages(), 1)
		_, forget := p.ledger.Watch(id)
		forget()

		require.NoError(t, p.ledger.Close())
		_, err := p.queue.Work(context.Background(), id)
		require.ErrorIs(t, err, ledger.ErrClosed)
	})
}

// TestWorkRests: while the lane rests, so does the worker of an engine, and no longer.
func TestWorkRests(t *testing.T) {
	few := func(o *Options) { o.Lanes = map[provider.Class]Lane{provider.Transactional: {Workers: 1}} }
	inParts(t, few, func(p *parts) {
		id := p.one(&provider.Message{})
		for range 2 {
			p.lane.noteDeferred(time.Now().Add(3 * time.Second))
		}
		began := time.Now()
		assert.True(t, p.work(id).IsZero())
		assert.Equal(t, 3*time.Second, time.Since(began))
		assert.LessOrEqual(t, p.lane.rest(), time.Duration(0), "a provider took it")
	})
}

// TestValidityIsWhatIsLeft: the vendor is told how long the message is still worth, from
// when it was queued, or was to be sent.
func TestValidityIsWhatIsLeft(t *testing.T) {
	inParts(t, nil, func(p *parts) {
		p.one(&provider.Message{Validity: time.Hour, Ref: "now"})
		later := p.one(&provider.Message{Validity: time.Hour, Ref: "later", SendAt: time.Now().Add(5 * time.Minute)})
		p.one(&provider.Message{Ref: "for ever"})
		time.Sleep(20 * time.Minute)
		jobs, _ := p.feed()
		require.Len(t, jobs, 3)
		for _, j := range jobs {
			assert.True(t, p.queue.work(context.Background(), j).IsZero())
		}
		var left []time.Duration
		for _, taken := range p.vendor.Messages() {
			left = append(left, taken.Message.Validity)
			if taken.Message.Ref == later {
				assert.Zero(t, taken.Message.SendAt, "its time has come")
			}
		}
		assert.ElementsMatch(t, []time.Duration{40 * time.Minute, 45 * time.Minute, 0}, left)
	})
}

func TestLate(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		message provider.Message
		want    bool
	}{
		"no limit":                        {provider.Message{}, false},
		"before its deadline":             {provider.Message{Deadline: now.Add(1)}, false},
		"at its deadline":                 {provider.Message{Deadline: now}, true},
		"within its validity":             {provider.Message{Validity: time.Minute + 1}, false},
		"at the end of its validity":      {provider.Message{Validity: time.Minute}, true},
		"its validity begins with SendAt": {provider.Message{Validity: time.Minute, SendAt: now.Add(-30 * time.Second)}, false},
		"and has ended after that":        {provider.Message{Validity: 30 * time.Second, SendAt: now.Add(-30 * time.Second)}, true},
		"a SendAt before it was queued":   {provider.Message{Validity: time.Minute + 1, SendAt: now.Add(-time.Hour)}, false},
	} {
		j := &ledger.Job{Message: &tt.message, CreatedAt: now.Add(-time.Minute)}
		assert.Equal(t, tt.want, late(j, now), name)
	}
}

// TestNobodyHadTime: a message that could not be tried until a minute after it should have
// been given up is not sent any more.
func TestNobodyHadTime(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration
		want  ledger.Status
	}{{time.Minute, ledger.Accepted}, {time.Minute + time.Microsecond, ledger.NotSent}} {
		inParts(t, nil, func(p *parts) {
			id := p.one(&provider.Message{Class: provider.OTP})
			time.Sleep(5*time.Minute + tt.after)
			assert.True(t, p.work(id).IsZero())
			assert.Equal(t, tt.want, p.message(id).Status, tt.after)
		})
	}
	inParts(t, nil, func(p *parts) { // jobs of other makers
		j := &ledger.Job{Message: &provider.Message{To: e164.MustParse("+12125550123"), Text: "Hello"}, Due: time.Now(), Keep: time.Hour}
		list, err := p.ledger.Enqueue(context.Background(), []*ledger.Job{j})
		require.NoError(t, err)
		time.Sleep(1000 * time.Hour)
		p.work(list[0].ID)
		assert.Equal(t, ledger.Accepted, p.message(list[0].ID).Status, "no GiveUp: it is tried for ever")
	})
}

// TestClientOfAMessage: who queued a message is who sends it.
func TestClientOfAMessage(t *testing.T) {
	inParts(t, nil, func(p *parts) {
		policy, err := guard.New(guard.Options{Velocity: []guard.Velocity{{Per: guard.Client, Max: 1, Window: time.Hour}}})
		require.NoError(t, err)
		r, err := router.New([]router.Upstream{{Name: "vendor", Provider: p.vendor}}, &router.Options{Store: p.ledger, Journal: p.ledger, Validation: router.Shape, Guard: policy})
		require.NoError(t, err)
		defer func() { require.NoError(t, r.Close(context.Background())) }()
		var ids []string
		for i, client := range []string{"shop", "bank", "", "shop"} {
			ctx := router.WithClient(context.Background(), client)
			m := &provider.Message{To: e164.MustParse("+12125550123"), Text: fmt.Sprint("Hello ", i)}
			id, err := p.queue.Enqueue(ctx, m)
			require.NoError(t, err)
			ids = append(ids, id)
		}
		p.queue.router = r
		for i, id := range ids {
			p.work(id)
			want := ledger.Accepted
			if i == 3 {
				want = ledger.Refused
			}
			assert.Equal(t, want, p.message(id).Status, "message %d: %s", i, p.message(id).Reason)
		}
	})
}

// TestFollow: what becomes of a message that no vendor took.
func TestFollow(t *testing.T) {
	ctx := context.Background()
	notSent := func(reason string, d *router.Deferred) *router.Result {
		return &router.Result{Status: provider.OutcomeNotSent, Code: provider.Unavailable, Message: reason, Deferred: d}
	}
	deferred := func(after time.Duration) *router.Result {
		return notSent("deferred until …", &router.Deferred{Until: time.Now().Add(after), Reason: "all are out"})
	}
	inParts(t, nil, func(p *parts) {
		id := p.one(&provider.Message{Class: provider.OTP})
		follow := func(result *router.Result, err error) (wait time.Duration, j *ledger.Job) {
			again := p.queue.follow(ctx, p.job(id), result, err)
			j = p.job(id)
			assert.WithinDuration(t, again, j.Due, time.Microsecond, "what engines are told is what is kept")
			return time.Until(again), j
		}
		wait, j := follow(notSent("down", nil), nil)
		assert.Equal(t, 1, j.Tries)
		assert.Equal(t, "down", j.Reason)
		assert.LessOrEqual(t, wait, time.Second)
		assert.Greater(t, wait, 700*time.Millisecond)
		wait, j = follow(notSent("down", nil), nil)
		assert.Equal(t, 2, j.Tries)
		assert.Greater(t, wait, 1400*time.Millisecond, "the pauses grow")

		wait, j = follow(deferred(90*time.Second), nil)
		assert.Equal(t, 90*time.Second, wait)
		assert.Equal(t, 2, j.Tries, "it has spent no attempt")
		assert.Equal(t, "all are out", j.Reason)
		_, j = follow(deferred(0), nil)
		assert.Equal(t, 3, j.Tries, "that time is over, and it was tried in vain")
		wait, _ = follow(deferred(time.Hour), nil)
		assert.Equal(t, 5*time.Minute, wait, "it is tried once more when it is to be given up")

		wait, j = follow(notSent("", nil), fmt.Errorf("store: %w", router.ErrInFlight))
		assert.Equal(t, firstPause, wait)
		assert.Equal(t, "another process is sending it", j.Reason)
		assert.Equal(t, 3, j.Tries)

		assert.True(t, p.queue.follow(ctx, j, notSent("", nil), ledger.ErrNotQueued).IsZero())
		p.job(id) // it is left to whoever has it

		time.Sleep(time.Until(p.job(id).GiveUp) - time.Microsecond)
		wait, _ = follow(notSent("down", nil), nil)
		assert.Equal(t, time.Microsecond, wait)
		time.Sleep(time.Microsecond)
		assert.True(t, p.queue.follow(ctx, p.job(id), deferred(time.Hour), nil).IsZero())
		m := p.message(id)
		assert.Equal(t, ledger.NotSent, m.Status)
		assert.Equal(t, "given up: all are out", m.Reason)

		id = p.one(&provider.Message{Deadline: time.Now().Add(time.Minute)})
		wait, _ = follow(deferred(time.Hour), nil)
		assert.Equal(t, time.Minute, wait)
		time.Sleep(time.Minute)
		assert.True(t, p.queue.follow(ctx, p.job(id), notSent("down", nil), nil).IsZero())
		assert.Equal(t, "its deadline passed", p.message(id).Reason)

		j = &ledger.Job{Message: &provider.Message{To: e164.MustParse("+12125550123"), Text: "Hello"}, Due: time.Now(), Keep: time.Hour}
		list, err := p.ledger.Enqueue(ctx, []*ledger.Job{j})
		require.NoError(t, err)
		id = list[0].ID
		wait, _ = follow(deferred(1000*time.Hour), nil)
		assert.Equal(t, 1000*time.Hour, wait, "no GiveUp: it is tried for ever")
	})
}

// TestRendererIsGone: messages wait for a worker that can render them.
func TestRendererIsGone(t *testing.T) {
	render := func(o *Options) {
		o.Render = func(context.Context, string, *provider.Message) (string, error) {
			return "", errors.New("no template server")
		}
	}
	inParts(t, render, func(p *parts) {
		list, err := p.queue.EnqueueAll(context.Background(), Item{Message: &provider.Message{To: e164.MustParse("+12125550123")}, Render: "code"})
		require.NoError(t, err)
		id := list[0].ID
		require.NoError(t, list[0].Err)
		assert.False(t, p.work(id).IsZero())
		assert.Equal(t, "the text could not be rendered: no template server", p.job(id).Reason)
		time.Sleep(time.Second)
		p.queue.options.Render = nil
		assert.False(t, p.work(id).IsZero())
		assert.Equal(t, "the text is to be rendered, and the queue has no renderer", p.job(id).Reason)
	})
}

func TestWhatIsNotQueued(t *testing.T) {
	to := e164.MustParse("+12125550123")
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of the bubble
	text := func(change func(*provider.Message)) *provider.Message {
		m := &provider.Message{To: to, Text: "Hello"}
		change(m)
		return m
	}
	inParts(t, nil, func(p *parts) {
		for name, tt := range map[string]struct {
			item   Item
			render bool
			want   string // "" = it is queued
		}{
			"no message":            {Item{}, false, "there is no message"},
			"no renderer":           {Item{Message: &provider.Message{To: to}, Render: "r"}, false, "the queue has no renderer"},
			"a text and a template": {Item{Message: text(func(*provider.Message) {}), Render: "r"}, true, "has a text, and one to be rendered"},
			"a template":            {Item{Message: &provider.Message{To: to}, Render: "r"}, true, ""},
			"no text":               {Item{Message: &provider.Message{To: to}}, true, "text"},
			"a minute late":         {Item{Message: text(func(m *provider.Message) { m.SendAt = now.Add(-time.Minute) })}, false, ""},
			"more than a minute":    {Item{Message: text(func(m *provider.Message) { m.SendAt = now.Add(-time.Minute - 1) })}, false, "the time to send has passed: 1999-12-31T23:58:59Z"},
			"rendered, and late": {
				Item{Message: &provider.Message{To: to, SendAt: now.Add(-time.Hour)}, Render: "r"}, true, "the time to send has passed",
			},
			"rendered, with a deadline before": {
				Item{Message: &provider.Message{To: to, SendAt: now.Add(time.Hour), Deadline: now.Add(time.Minute)}, Render: "r"}, true,
				"the deadline is before the time to send",
			},
			"a deadline before": {
				Item{Message: text(func(m *provider.Message) { m.SendAt, m.Deadline = now.Add(time.Hour), now.Add(time.Minute) })}, false,
				"the deadline is before the time to send",
			},
			"a deadline after": {Item{Message: text(func(m *provider.Message) { m.SendAt, m.Deadline = now.Add(time.Hour), now.Add(time.Hour) })}, false, ""},
		} {
			p.queue.options.Render = nil
			if tt.render {
				p.queue.options.Render = func(context.Context, string, *provider.Message) (string, error) { return "Hello", nil }
			}
			list, err := p.queue.EnqueueAll(context.Background(), tt.item)
			require.NoError(t, err)
			if tt.want == "" {
				assert.NoError(t, list[0].Err, name)
				continue
			}
			require.ErrorContains(t, list[0].Err, tt.want, name)
			assert.Equal(t, provider.InvalidMessage, provider.CodeOf(list[0].Err), name)
		}
	})
}

// TestPauses: from one second to a minute, less up to a quarter.
func TestPauses(t *testing.T) {
	for tries, most := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 5: 32 * time.Second, 6: time.Minute, 1000: time.Minute} {
		for range 50 {
			d := pauseAfter(tries)
			assert.LessOrEqual(t, d, most)
			assert.Greater(t, d, most-most/4)
		}
	}
}

// TestPatience: codes wait a second for a limit, campaigns do not.
func TestPatience(t *testing.T) {
	assert.Equal(t, time.Second, patience(provider.OTP))
	assert.Less(t, patience(provider.Transactional), patience(provider.OTP))
	assert.Positive(t, patience(provider.Transactional))
	assert.Zero(t, patience(provider.Marketing))
}

func TestEarliest(t *testing.T) {
	a := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	assert.Equal(t, a, earliest(a))
	assert.Equal(t, a, earliest(a, time.Time{}, a.Add(1)))
	assert.Equal(t, a, earliest(a.Add(2), a.Add(1), a))
}
