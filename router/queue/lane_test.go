package queue

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
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
)

// parts are a queue whose lanes do not run: the test does what they do, step by step.
type parts struct {
	*testing.T
	path   string
	vendor *memory.Provider
	ledger *ledger.Ledger
	queue  *Queue
	lane   *lane // of transactional messages
	log    bytes.Buffer
}

// inParts runs f in a bubble, whose clock stands still between the steps.
func inParts(t *testing.T, change func(*Options), f func(*parts)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "anysms.db")
	synctest.Test(t, func(t *testing.T) {
		p := &parts{T: t, path: path}
		var err error
		p.vendor, err = memory.New(memory.Config{})
		require.NoError(t, err)
		p.ledger = p.open()
		r, err := router.New([]router.Upstream{{Name: "vendor", Provider: p.vendor}}, &router.Options{Store: p.ledger, Journal: p.ledger, Validation: router.Shape})
		require.NoError(t, err)
		o := Options{Log: slog.New(slog.NewTextHandler(&p.log, nil))}
		if change != nil {
			change(&o)
		}
		p.queue, err = New(p.ledger, r, o)
		require.NoError(t, err)
		p.lane = p.queue.lanes[provider.Transactional]
		f(p)
		require.NoError(t, r.Close(context.Background()))
		require.NoError(t, p.ledger.Close())
	})
}

func (p *parts) open() *ledger.Ledger {
	p.Helper()
	l, err := sqlite.Open(context.Background(), p.path, ledger.Options{})
	require.NoError(p, err)
	return l
}

// add queues messages that are due after a time.
func (p *parts) add(n int, after time.Duration) {
	p.Helper()
	items := make([]Item, n)
	for i := range items {
		items[i].Message = &provider.Message{To: e164.MustParse("+12125550123"), Text: "Hello"}
		if after > 0 {
			items[i].Message.SendAt = time.Now().Add(after)
		}
	}
	list, err := p.queue.EnqueueAll(context.Background(), items...)
	require.NoError(p, err)
	for _, e := range list {
		require.NoError(p, e.Err)
	}
}

// feed lets the lane hand out what it finds, and returns how long it would then wait.
func (p *parts) feed() (jobs []*ledger.Job, idle time.Duration) {
	handed := make(chan *ledger.Job, 1000)
	idle = p.lane.feed(context.Background(), handed)
	close(handed)
	for j := range handed {
		jobs = append(jobs, j)
	}
	return jobs, idle
}

// TestFeedReadsAhead: a lane reads so many jobs at once, beside those under way, and hands
// out none twice.
func TestFeedReadsAhead(t *testing.T) {
	inParts(t, nil, func(p *parts) {
		p.add(2*readAhead+10, 0)
		for _, want := range []int{readAhead, readAhead, 10} {
			jobs, idle := p.feed()
			assert.Len(t, jobs, want)
			assert.Zero(t, idle, "there may be more")
		}
		jobs, idle := p.feed()
		assert.Empty(t, jobs, "all are under way")
		assert.Equal(t, lookAgain, idle)
	})
}

// TestFeedAgain: what was put off comes again once its send has ended.
func TestFeedAgain(t *testing.T) {
	inParts(t, nil, func(p *parts) {
		p.add(2, 0)
		jobs, _ := p.feed()
		require.Len(t, jobs, 2)
		p.lane.end(jobs[0].ID)
		again, _ := p.feed()
		require.Len(t, again, 1)
		assert.Equal(t, jobs[0].ID, again[0].ID)
		assert.Equal(t, 2, p.lane.forgetEnded(), "both are under way")
	})
}

func TestFeedWaitsForTheNext(t *testing.T) {
	for name, tt := range map[string]struct{ after, want time.Duration }{
		"in a moment":       {200 * time.Millisecond, 200 * time.Millisecond},
		"in an hour":        {time.Hour, lookAgain}, // others may queue some meanwhile
		"nothing is queued": {0, lookAgain},
	} {
		t.Run(name, func(t *testing.T) {
			inParts(t, nil, func(p *parts) {
				if tt.after > 0 {
					p.add(1, tt.after)
				}
				jobs, idle := p.feed()
				assert.Empty(t, jobs)
				assert.Equal(t, tt.want, idle)
				if tt.after == 0 {
					return
				}
				time.Sleep(tt.after)
				jobs, _ = p.feed()
				assert.Len(t, jobs, 1)
			})
		})
	}
}

// TestPauseByAnotherProcess: a lane notices soon that its class was paused elsewhere.
func TestPauseByAnotherProcess(t *testing.T) {
	inParts(t, nil, func(p *parts) {
		other := p.open()
		defer func() { require.NoError(t, other.Close()) }()
		p.add(1, 0)
		require.NoError(t, other.SetPaused(context.Background(), provider.Transactional, true))
		jobs, idle := p.feed()
		assert.Empty(t, jobs)
		assert.Equal(t, lookAgain, idle)

		require.NoError(t, other.SetPaused(context.Background(), provider.Transactional, false))
		time.Sleep(lookAgain - time.Nanosecond)
		jobs, _ = p.feed()
		assert.Empty(t, jobs, "it has looked a moment ago")
		time.Sleep(time.Nanosecond)
		jobs, _ = p.feed()
		assert.Len(t, jobs, 1)
		assert.Empty(t, p.log.String())
	})
}

// TestLaneRests: when no provider could take many messages in a row, the lane does not ask
// for the others until one is expected back, or for five seconds.
func TestLaneRests(t *testing.T) {
	for name, tt := range map[string]struct{ back, want time.Duration }{
		"back soon":  {2 * time.Second, 2 * time.Second},
		"back later": {time.Hour, longestRest},
	} {
		t.Run(name, func(t *testing.T) {
			few := func(o *Options) { o.Lanes = map[provider.Class]Lane{provider.Transactional: {Workers: 3}} }
			inParts(t, few, func(p *parts) {
				p.add(1, 0)
				for range 5 {
					p.lane.noteDeferred(time.Now().Add(tt.back))
				}
				assert.LessOrEqual(t, p.lane.rest(), time.Duration(0), "twice as many as there are workers")
				p.lane.noteDeferred(time.Now().Add(tt.back))
				jobs, idle := p.feed()
				assert.Empty(t, jobs)
				assert.Equal(t, tt.want, idle)

				time.Sleep(tt.want)
				jobs, _ = p.feed()
				assert.Len(t, jobs, 1)

				p.lane.noteDeferred(time.Now().Add(tt.back))
				assert.Positive(t, p.lane.rest(), "they are still out")
				p.lane.noteWorked()
				assert.LessOrEqual(t, p.lane.rest(), time.Duration(0))
				p.lane.noteDeferred(time.Now().Add(tt.back))
				assert.LessOrEqual(t, p.lane.rest(), time.Duration(0), "one is not many")
			})
		})
	}
}

// TestAQueueThatCannotBeRead is logged, unless the lane is about to end.
func TestAQueueThatCannotBeRead(t *testing.T) {
	inParts(t, nil, func(p *parts) {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		require.NoError(t, p.ledger.Close())
		assert.Equal(t, lookAgain, p.lane.feed(ended, nil))
		assert.Empty(t, p.log.String())
		jobs, idle := p.feed()
		assert.Empty(t, jobs)
		assert.Equal(t, lookAgain, idle)
		assert.Contains(t, p.log.String(), "the queue cannot be read")
		assert.Contains(t, p.log.String(), "class=transactional")

		p.log.Reset()
		p.lane.notePaused(false) // so that the jobs are read at once
		_, idle = p.feed()
		assert.Equal(t, lookAgain, idle)
		assert.Contains(t, p.log.String(), "the queue cannot be read")
	})
}

// TestLaneWaits: until the time is over, or it is roused, or told to end.
func TestLaneWaits(t *testing.T) {
	inParts(t, nil, func(p *parts) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		waited := func(idle time.Duration) time.Duration {
			began := time.Now()
			p.lane.wait(ctx, idle)
			return time.Since(began)
		}
		assert.Equal(t, time.Minute, waited(time.Minute))
		assert.Zero(t, waited(0))
		assert.Zero(t, waited(-time.Second))
		time.AfterFunc(time.Second, p.lane.rouse)
		assert.Equal(t, time.Second, waited(time.Minute))
		p.lane.rouse()
		p.lane.rouse()
		assert.Zero(t, waited(time.Minute))
		assert.Equal(t, time.Minute, waited(time.Minute), "two calls at once wake it once")
		time.AfterFunc(time.Second, cancel)
		assert.Equal(t, time.Second, waited(time.Minute))
	})
}

// TestRunEndsWhileAJobWaits: a lane that is told to end hands out nothing more.
func TestRunEndsWhileAJobWaits(t *testing.T) {
	inParts(t, nil, func(p *parts) {
		p.add(1, 0)
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		assert.Zero(t, p.lane.feed(ctx, make(chan *ledger.Job))) // nobody is free to take it
		assert.Equal(t, time.Second, time.Since(began))
	})
}
