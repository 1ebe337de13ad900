package router

import (
	"context"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
)

// linger is how long the first message of a batch waits for others.
const linger = 10 * time.Millisecond

// batchSize is how many messages one request to the line may hold; below 2 it
// takes none together.
func (l *line) batchSize() int {
	if !l.caps.Has(provider.HasBatch) {
		return 0
	}
	return min(l.Batch, l.caps.MaxBatch)
}

// batchers are those of one SendAll, whose messages share a context.
type batchers struct {
	ctx  context.Context
	mu   sync.Mutex
	each map[*line]*batcher
}

func (b *batchers) of(l *line) *batcher {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.each == nil {
		b.each = make(map[*line]*batcher)
	}
	if b.each[l] == nil {
		b.each[l] = &batcher{ctx: b.ctx, line: l}
	}
	return b.each[l]
}

// batcher gathers messages for one provider.
type batcher struct {
	ctx  context.Context
	line *line

	mu   sync.Mutex
	open *batch // gathering; nil = none
}

type batch struct {
	tickets []*ticket
	timer   *time.Timer
}

// ticket is a message's place in a batch.
type ticket struct {
	message  *provider.Message
	segments int
	deadline time.Time
	done     chan ride // has room for its one value
}

// ride is what became of a ticket.
type ride struct {
	made    bool // else the message must go by itself
	limit   limit
	started time.Time
	verdict provider.Verdict
}

// join puts a ticket into the open batch, which departs when it is full or its
// first ticket has lingered.
func (b *batcher) join(t *ticket) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == nil {
		gathering := &batch{}
		gathering.timer = time.AfterFunc(linger, func() {
			b.mu.Lock()
			mine := b.open == gathering
			if mine {
				b.open = nil
			}
			b.mu.Unlock()
			if mine {
				b.depart(gathering.tickets)
			}
		})
		b.open = gathering
	}
	b.open.tickets = append(b.open.tickets, t)
	if len(b.open.tickets) < b.line.batchSize() {
		return
	}
	full := b.open
	b.open = nil
	full.timer.Stop()
	go b.depart(full.tickets)
}

// depart makes one request for all tickets, but for those whose deadline leaves
// less than the provider's whole timeout: they would cut it short for the rest.
func (b *batcher) depart(tickets []*ticket) {
	segments, latest := 0, time.Time{}
	for _, t := range tickets {
		segments += t.segments
		if !t.deadline.IsZero() {
			latest = earlier(latest, t.deadline.Add(-b.line.Timeout))
		}
	}
	if err := b.line.acquire(b.ctx, segments, latest, false); err != nil {
		leave(tickets)
		return
	}
	defer b.line.release()
	now, over := time.Now(), b.ctx.Err() != nil
	var aboard, left []*ticket
	for _, t := range tickets {
		if !over && t.hasTime(now, b.line.Timeout) {
			aboard = append(aboard, t)
		} else {
			left = append(left, t)
		}
	}
	leave(left)
	if len(aboard) > 0 {
		b.travel(aboard, now)
	}
}

func (t *ticket) hasTime(now time.Time, timeout time.Duration) bool {
	return t.deadline.IsZero() || t.deadline.Sub(now) > timeout
}

func leave(tickets []*ticket) {
	for _, t := range tickets {
		t.done <- ride{}
	}
}

func (b *batcher) travel(aboard []*ticket, now time.Time) {
	b.line.health.busy.Add(1)
	defer b.line.health.busy.Add(-1)
	var l limit
	l.ctx, l.cancel = context.WithTimeoutCause(b.ctx, b.line.Timeout, errTimeout)
	defer l.cancel()
	messages := make([]*provider.Message, len(aboard))
	for i, t := range aboard {
		messages[i] = t.message
	}
	verdicts := callBatch(l.ctx, b.line.Upstream.Provider, messages)
	for i, t := range aboard {
		t.done <- ride{made: true, limit: l, started: now, verdict: verdicts[i]}
	}
}

// callBatch hands messages to the driver. A driver that panics leaves doubt about
// all of them.
func callBatch(ctx context.Context, p provider.Provider, ms []*provider.Message) (verdicts []provider.Verdict) {
	defer func() {
		if v := recover(); v != nil {
			verdicts = make([]provider.Verdict, len(ms))
			for i := range verdicts {
				verdicts[i].Err = panicked(v)
			}
		}
	}()
	return provider.SendBatch(ctx, p, ms)
}

// inBatch reports whether the message may travel with others. A repeat that the
// vendor is to recognise may not: nobody could say when a batch leaves.
func (s *send) inBatch(c *candidate) bool {
	if s.batchers == nil || c.line.batchSize() < 2 || s.m.Class == provider.OTP || c.doubt {
		return false
	}
	if s.deadline.IsZero() {
		return true
	}
	room := time.Until(s.deadline)
	if s.mode == provider.AtLeastOnce {
		room /= time.Duration(s.left(c))
	}
	return room > c.line.Timeout+linger
}

// attemptInBatch is attempt for a message that travels with others. ok is false
// if it must go by itself.
func (s *send) attemptInBatch(ctx context.Context, c *candidate) (a *Attempt, ok bool, err error) {
	tell, err := s.enter(ctx, c)
	if err != nil {
		return nil, true, err
	}
	t := &ticket{message: s.outgoing(c, time.Now()), segments: c.analysis.Segments, deadline: s.deadline, done: make(chan ride, 1)}
	s.batchers.of(c.line).join(t)
	r := <-t.done
	if !r.made {
		tell(errNothing)
		return nil, false, nil
	}
	s.announceFailover(c)
	receipt, err := proven(r.verdict.Receipt, r.verdict.Err)
	a = s.note(c, r.started, receipt, err)
	s.feed(c, tell, fed(&r.limit, a))
	s.announce(c)
	s.r.telemetry.endAttempt(ctx, nil, a)
	s.announceAttempt(a)
	return a, true, err
}
