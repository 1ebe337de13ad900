package router

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// attemptInBatch makes the attempt together with other messages. joined is false if
// the message must be sent by itself.
func (d *dispatcher) attemptInBatch(ctx context.Context, t *try, rest others) (e event, joined bool) {
	if !d.mayJoin(t, rest) {
		return event{}, false
	}
	p, e := d.permit(ctx, t)
	if e.kind != proceed {
		return e, true
	}
	entry := &batchEntry{
		message: d.messageFor(t, time.Now()), segments: t.analysis.Segments,
		deadline: d.bounds.deadline, done: make(chan batchOutcome, 1),
	}
	d.batchers.of(t.upstream).add(entry)
	o := <-entry.done
	if !o.sent {
		p.giveBack(noEvidence)
		return event{}, false
	}
	d.announceFailover(t.upstream.name)
	d.finish(ctx, t, flight{started: o.started, receipt: o.verdict.Receipt, err: o.verdict.Err, ended: o.ended, permit: p})
	return event{}, true
}

// mayJoin reports whether the message may be sent with others. A retry that the
// vendor has to recognize may not, because a batch may leave too late for that.
func (d *dispatcher) mayJoin(t *try, rest others) bool {
	u := t.upstream
	if d.batchers == nil || u.batchSize() < 2 || t.message.Class == provider.OTP || d.trail.inDoubtAt(u.name) {
		return false
	}
	if d.bounds.deadline.IsZero() {
		return true
	}
	room := time.Until(d.bounds.deadline)
	if d.plan.delivery == provider.AtLeastOnce {
		room /= time.Duration(1 + rest.fresh)
	}
	return room > u.settings.Timeout+linger
}

// linger is how long the first message of a batch waits for others.
const linger = 10 * time.Millisecond

// batchers gather the messages of one SendAll, which share a context.
type batchers struct {
	ctx  context.Context
	mu   sync.Mutex
	each map[*upstream]*batcher
}

func (b *batchers) of(u *upstream) *batcher {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.each == nil {
		b.each = make(map[*upstream]*batcher)
	}
	if b.each[u] == nil {
		b.each[u] = &batcher{ctx: b.ctx, upstream: u, open: make(map[provider.BatchKey]*batch)}
	}
	return b.each[u]
}

// batcher gathers messages for one provider. A batch is one request, so it meets the
// provider's rules for requests.
type batcher struct {
	ctx      context.Context
	upstream *upstream

	mu   sync.Mutex
	open map[provider.BatchKey]*batch // gathering
}

type batch struct {
	key     provider.BatchKey
	entries []*batchEntry
	timer   *time.Timer
}

// batchEntry is a message's place in a batch.
type batchEntry struct {
	message  *provider.Message
	segments int
	deadline time.Time         // zero = none
	done     chan batchOutcome // has room for its one value
}

// batchOutcome is what came of an entry.
type batchOutcome struct {
	sent    bool // else the message must go by itself
	started time.Time
	ended   error // why the request's context had ended; nil = it had not
	verdict provider.Verdict
}

// add puts an entry into the open batch that it may share, which is sent when it is
// full or its first entry has waited long enough.
func (b *batcher) add(e *batchEntry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := b.upstream.caps.BatchKey(e.message)
	shared := b.open[key]
	if shared != nil && b.upstream.distinctTo && shared.isFor(e.message.To) {
		b.depart(shared)
		shared = nil
	}
	if shared == nil {
		shared = &batch{key: key}
		shared.timer = time.AfterFunc(linger, func() { b.close(shared) })
		b.open[key] = shared
	}
	shared.entries = append(shared.entries, e)
	if len(shared.entries) == b.upstream.batchSize() {
		b.depart(shared)
	}
}

func (b *batch) isFor(to e164.Number) bool {
	return slices.ContainsFunc(b.entries, func(e *batchEntry) bool { return e.message.To == to })
}

// close sends a batch that is still open after its time.
func (b *batcher) close(late *batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open[late.key] == late {
		b.depart(late)
	}
}

// depart sends an open batch. The lock is held.
func (b *batcher) depart(full *batch) {
	delete(b.open, full.key)
	full.timer.Stop()
	go b.send(full.entries)
}

// send makes one request for all entries, except those whose deadline leaves no
// more than the provider's whole timeout: they could cut it short for the others.
func (b *batcher) send(entries []*batchEntry) {
	u := b.upstream
	segments, latest := 0, time.Time{}
	for _, e := range entries {
		segments += e.segments
		if !e.deadline.IsZero() {
			latest = earlier(latest, e.deadline.Add(-u.settings.Timeout))
		}
	}
	if err := u.acquire(b.ctx, segments, latest, timeUntil(latest), false); err != nil {
		release(entries)
		return
	}
	defer u.release()
	now, over := time.Now(), b.ctx.Err() != nil
	var in, out []*batchEntry
	for _, e := range entries {
		if !over && e.hasTime(now, u.settings.Timeout) {
			in = append(in, e)
		} else {
			out = append(out, e)
		}
	}
	release(out)
	if len(in) > 0 {
		b.call(in, now)
	}
}

func (e *batchEntry) hasTime(now time.Time, timeout time.Duration) bool {
	return e.deadline.IsZero() || e.deadline.Sub(now) > timeout
}

// release lets messages go by themselves.
func release(entries []*batchEntry) {
	for _, e := range entries {
		e.done <- batchOutcome{}
	}
}

func (b *batcher) call(entries []*batchEntry, now time.Time) {
	u := b.upstream
	u.health.busy.Add(1)
	defer u.health.busy.Add(-1)
	ctx, cancel := context.WithTimeoutCause(b.ctx, u.settings.Timeout, errTimeout)
	defer cancel()
	messages := make([]*provider.Message, len(entries))
	for i, e := range entries {
		messages[i] = e.message
	}
	verdicts := callBatch(ctx, u.provider, messages)
	ended := context.Cause(ctx)
	for i, e := range entries {
		e.done <- batchOutcome{sent: true, started: now, ended: ended, verdict: verdicts[i]}
	}
}
