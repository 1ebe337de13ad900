package queue_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
	"github.com/anysms/anysms/router/queue"
)

// day is a program that has the queue open. In a bubble of synctest the clock stands at the
// start of 2000 when it begins, so the next one of the same file sees a clock set back.
type day struct {
	*testing.T
	ledger *ledger.Ledger
	queue  *queue.Queue
	vendor *memory.Provider
	mu     sync.Mutex
	down   bool
	sentAt map[string]time.Time // by ref
}

// live runs f in a bubble, with the queue of a file.
func live(t *testing.T, path string, f func(*day)) {
	synctest.Test(t, func(t *testing.T) {
		d := &day{T: t, sentAt: make(map[string]time.Time)}
		var err error
		d.vendor, err = memory.New(memory.Config{Answer: d.answer})
		require.NoError(t, err)
		d.ledger, err = sqlite.Open(context.Background(), path, ledger.Options{})
		require.NoError(t, err)
		r, err := router.New([]router.Upstream{{Name: "vendor", Provider: d.vendor}}, &router.Options{Store: d.ledger, Journal: d.ledger, Validation: router.Shape})
		require.NoError(t, err)
		d.queue, err = queue.New(d.ledger, r, queue.Options{})
		require.NoError(t, err)
		f(d)
		require.NoError(t, r.Close(context.Background()))
		require.NoError(t, d.ledger.Close())
	})
}

func (d *day) answer(m *provider.Message) memory.Answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return memory.Answer{Err: provider.NewError(provider.Unavailable, "down")}
	}
	d.sentAt[m.Ref] = time.Now()
	return memory.Answer{}
}

// run works on the queue for a time.
func (d *day) run(long time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { assert.NoError(d, d.queue.Run(ctx)) })
	time.Sleep(long)
	cancel()
	done.Wait()
}

func (d *day) add(class provider.Class, change func(*provider.Message)) string {
	d.Helper()
	m := &provider.Message{To: e164.MustParse("+12125550123"), Text: "Hello", Class: class}
	if change != nil {
		change(m)
	}
	id, err := d.queue.Enqueue(context.Background(), m)
	require.NoError(d, err)
	return id
}

func (d *day) message(id string) *ledger.Message {
	d.Helper()
	m, err := d.ledger.Message(context.Background(), id)
	require.NoError(d, err)
	return m
}

// TestGiveUp holds how long messages of each class are tried.
func TestGiveUp(t *testing.T) {
	live(t, filepath.Join(t.TempDir(), "anysms.db"), func(d *day) {
		d.down = true
		ids := make(map[string]time.Duration)
		ids[d.add(provider.OTP, nil)] = 5 * time.Minute
		ids[d.add(provider.Transactional, nil)] = 24 * time.Hour
		ids[d.add(provider.Marketing, nil)] = 72 * time.Hour
		later := d.add(provider.OTP, func(m *provider.Message) { m.SendAt = time.Now().Add(time.Hour) })
		ids[later] = time.Hour + 5*time.Minute
		began := time.Now()
		for _, at := range []time.Duration{time.Minute, 5 * time.Minute, 61 * time.Minute, 65 * time.Minute, 24 * time.Hour, 72 * time.Hour} {
			time.Sleep(time.Until(began.Add(at - 5*time.Second))) // nobody works on it meanwhile: looking all the time takes long
			d.run(10 * time.Second)
		}
		for id, after := range ids {
			m := d.message(id)
			assert.Equal(t, ledger.NotSent, m.Status)
			assert.Contains(t, m.Reason, "given up")
			assert.WithinDuration(t, began.Add(after), m.UpdatedAt, time.Minute, m.Class) // it may wait in its slot for a breaker
		}
		for _, a := range d.message(later).Attempts { // none if the breaker was open
			assert.False(t, a.StartedAt.Before(began.Add(time.Hour)), "send_at is kept")
		}
	})
}

// TestClockSetBack queues messages, and goes on two hours before that.
func TestClockSetBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	var waiting, planned, short string
	var due time.Time
	live(t, path, func(d *day) {
		time.Sleep(2 * time.Hour)
		d.down = true
		due = time.Now()
		waiting = d.add(provider.Transactional, nil)
		planned = d.add(provider.Transactional, func(m *provider.Message) { m.SendAt = due.Add(time.Hour) })
		short = d.add(provider.Transactional, func(m *provider.Message) { m.Validity = 5 * time.Minute })
		d.run(10 * time.Second) // in vain
	})
	live(t, path, func(d *day) {
		require.True(t, time.Now().Before(due.Add(-time.Hour)))
		d.run(10 * time.Second)
		assert.Empty(t, d.vendor.Messages())
		for _, at := range []time.Time{due, due.Add(time.Hour)} {
			time.Sleep(time.Until(at.Add(-10 * time.Second)))
			d.run(time.Minute)
		}
		for id, at := range map[string]time.Time{waiting: due, planned: due.Add(time.Hour), short: due} {
			m := d.message(id)
			assert.Equal(t, ledger.Accepted, m.Status, m.Reason)
			assert.WithinDuration(t, at, d.sentAt[id], 2*time.Minute, "it is due by the clock as it is")
			assert.False(t, d.sentAt[id].Before(at))
		}
		assert.Len(t, d.vendor.Messages(), 3, "each once")
	})
}

// TestClockSetForward queues messages, and goes on three hours after that.
func TestClockSetForward(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	var planned, code, short, plain string
	live(t, path, func(d *day) {
		planned = d.add(provider.Transactional, func(m *provider.Message) { m.SendAt = time.Now().Add(time.Hour) })
		code = d.add(provider.OTP, nil)
		short = d.add(provider.Transactional, func(m *provider.Message) { m.Validity = time.Hour })
		plain = d.add(provider.Transactional, nil)
	})
	live(t, path, func(d *day) {
		time.Sleep(3 * time.Hour)
		began := time.Now()
		d.run(time.Minute)
		for _, id := range []string{planned, plain} {
			assert.Equal(t, ledger.Accepted, d.message(id).Status)
			assert.WithinDuration(t, began, d.sentAt[id], 10*time.Second)
		}
		assert.Contains(t, d.message(code).Reason, "it was not sent in time")
		assert.Equal(t, "its deadline passed", d.message(short).Reason)
		for _, id := range []string{code, short} {
			assert.Equal(t, ledger.NotSent, d.message(id).Status, "nobody gets a code that is three hours old")
		}
		assert.Len(t, d.vendor.Messages(), 2)
	})
}

// TestAtOnce: whoever queues a message, resumes a class or puts a message back need not
// wait until the queue looks again.
func TestAtOnce(t *testing.T) {
	live(t, filepath.Join(t.TempDir(), "anysms.db"), func(d *day) {
		ctx, cancel := context.WithCancel(context.Background())
		var done sync.WaitGroup
		done.Go(func() { assert.NoError(d, d.queue.Run(ctx)) })
		sentSince := func(id string, began time.Time) {
			d.Helper()
			_, err := d.queue.Wait(ctx, id)
			require.NoError(d, err)
			d.mu.Lock()
			defer d.mu.Unlock()
			assert.Less(d, d.sentAt[id].Sub(began), 50*time.Millisecond)
		}
		time.Sleep(10*time.Second + 123*time.Millisecond)
		began := time.Now()
		sentSince(d.add(provider.OTP, nil), began)

		require.NoError(d, d.queue.Pause(ctx, provider.OTP))
		id := d.add(provider.OTP, nil)
		time.Sleep(10*time.Second + 123*time.Millisecond)
		began = time.Now()
		require.NoError(d, d.queue.Resume(ctx, provider.OTP))
		sentSince(id, began)
		cancel()
		done.Wait()
	})
}
