package queue

import (
	"context"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// lane sends the messages of one class. One goroutine reads what is due, the workers
// send it.
type lane struct {
	queue    *Queue
	class    provider.Class
	settings Lane
	wake     chan struct{} // holds one token at most

	mu sync.Mutex
	// taken are the jobs that were read and are not to be read again. Those that have
	// ended stay until the next read begins: a read that has begun may still find them.
	taken map[string]bool // true = it has ended

	// deferred counts the messages in a row that no provider could take; from a number on
	// the lane rests.
	deferred  int
	restUntil time.Time

	paused   bool
	pausedAt time.Time // when that was read
}

func newLane(q *Queue, class provider.Class, settings Lane) *lane {
	return &lane{queue: q, class: class, settings: settings, wake: make(chan struct{}, 1), taken: make(map[string]bool)}
}

// rouse makes the lane look for work.
func (l *lane) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (q *Queue) runLanes(ctx context.Context) {
	var all sync.WaitGroup
	for _, l := range q.lanes {
		all.Go(func() { l.run(ctx) })
	}
	all.Wait()
}

// run works until the context ends and the jobs under way have.
func (l *lane) run(ctx context.Context) {
	jobs := make(chan *ledger.Job)
	var workers sync.WaitGroup
	for range l.settings.Workers {
		workers.Go(func() {
			for j := range jobs {
				l.queue.work(context.WithoutCancel(ctx), j)
				l.end(j.ID)
			}
		})
	}
	for ctx.Err() == nil {
		l.wait(ctx, l.feed(ctx, jobs))
	}
	close(jobs)
	workers.Wait()
}

// readAhead is how many jobs are read at once.
const readAhead = 256

// feed hands out what is due, and returns how long nothing more will be.
func (l *lane) feed(ctx context.Context, jobs chan<- *ledger.Job) (idle time.Duration) {
	taken := l.forgetEnded()
	if paused, err := l.isPaused(ctx); err != nil || paused {
		return l.report(ctx, err)
	}
	if rest := l.rest(); rest > 0 {
		return rest
	}
	list, next, err := l.queue.ledger.DueJobs(ctx, l.class, time.Now(), taken+readAhead)
	if err != nil {
		return l.report(ctx, err)
	}
	found := false
	for _, j := range list {
		if !l.take(j.ID) {
			continue
		}
		select {
		case jobs <- j:
			found = true
		case <-ctx.Done():
			return 0
		}
	}
	if found {
		return 0
	}
	idle = lookAgain
	if !next.IsZero() {
		idle = min(idle, time.Until(next))
	}
	return idle
}

// longestRest is how long a lane rests at most before it looks again whether the providers
// are back.
const longestRest = 5 * time.Second

// noteDeferred notes that no provider could take a message before a time. When that is
// said of many messages in a row, the lane rests, instead of asking for each of the rest.
func (l *lane) noteDeferred(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deferred++; l.deferred >= 2*l.settings.Workers {
		l.restUntil = earliest(until, time.Now().Add(longestRest))
	}
}

// noteWorked notes that a provider could take a message.
func (l *lane) noteWorked() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deferred, l.restUntil = 0, time.Time{}
}

// rest is how long the lane still rests.
func (l *lane) rest() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.restUntil)
}

// isPaused reports whether the class is held back. Another process may have said so.
func (l *lane) isPaused(ctx context.Context) (bool, error) {
	l.mu.Lock()
	known, recent := l.paused, time.Since(l.pausedAt) < lookAgain
	l.mu.Unlock()
	if recent {
		return known, nil
	}
	paused, err := l.queue.ledger.Paused(ctx, l.class)
	if err == nil {
		l.notePaused(paused)
	}
	return paused, err
}

func (l *lane) notePaused(paused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.paused, l.pausedAt = paused, time.Now()
}

// report logs that the queue cannot be read.
func (l *lane) report(ctx context.Context, err error) time.Duration {
	if err != nil && ctx.Err() == nil {
		l.queue.options.Log.ErrorContext(ctx, "the queue cannot be read", "class", l.class, "error", err)
	}
	return lookAgain
}

func (l *lane) wait(ctx context.Context, idle time.Duration) {
	if idle <= 0 {
		return
	}
	timer := time.NewTimer(idle)
	defer timer.Stop()
	select {
	case <-l.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// take reports whether the caller may hand out a job.
func (l *lane) take(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.taken[id]; known {
		return false
	}
	l.taken[id] = false
	return true
}

// end notes that a job is not under way any more.
func (l *lane) end(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken[id] = true
}

// forgetEnded forgets the jobs that have ended, and returns how many are under way.
func (l *lane) forgetEnded() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, ended := range l.taken {
		if ended {
			delete(l.taken, id)
		}
	}
	return len(l.taken)
}
