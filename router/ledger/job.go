package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Job is a queued message with all that is needed to send it. It is kept apart from the
// [Message], which shows what became of it: a job ends with its message's outcome, and
// its text, one-time codes included, is deleted then.
//
// Package queue makes jobs and works on them.
type Job struct {
	ID        string // of the message; new jobs get one
	Namespace string // that Message.Ref is unique in
	// Message is what to send. Its Text is empty if Render is not.
	Message *provider.Message
	// Render stands for the text of a message that is rendered when it is sent.
	Render string
	Client string // who wants it sent, as in router.WithClient; "" = nobody was named

	Due    time.Time // it is not sent before
	GiveUp time.Time // it is not tried after; zero = it is tried for ever
	Keep   time.Duration

	Tries     int       // sends that ended with another one to follow
	Spent     int       // attempts that count against the message's budget, over all sends
	Reason    string    // why it was deferred, or is dead
	CreatedAt time.Time // when it was queued
	Wake      int64     // what wakes a worker for it, as OnEnqueue has set it; 0 = nothing

	updated time.Time
	free    int // attempts that do not count; of a job that is put into the queue
}

// Class is the class of the message, which is never "".
func (j *Job) Class() provider.Class { return classOf(j.Message.Class) }

func classOf(c provider.Class) provider.Class {
	if c == "" {
		return provider.Transactional
	}
	return c
}

// fingerprint tells contents apart.
func (j *Job) fingerprint() string {
	m := *j.Message
	if j.Render != "" {
		m.Text = "\x00render\x00" + j.Render
	}
	return router.Fingerprint(&m)
}

// Enqueued is the result of queueing one job.
type Enqueued struct {
	ID string // of the message
	// Replayed reports that the message was queued or sent before under its ref, and
	// that nothing was queued now.
	Replayed bool
	// Err is why the message was not queued: [router.ErrRefReused], or a *provider.Error
	// if it must not be sent. Other messages are not affected.
	Err error
}

// needs says what queueing the job has to know.
func (j *Job) needs() needs {
	n := needs{numbers: []string{j.Message.To.String()}}
	if ref := j.Message.Ref; ref != "" && storable(ref) {
		n.queueRefs = []refKey{{j.Namespace, ref}}
	}
	return n
}

// EnqueueIn queues messages in a transaction that the caller has begun and will commit,
// beside changes of its own. An error means that the transaction cannot go on. lock makes
// this transaction the only one that writes to the ledger; it is called if a message is
// queued again that was refused or not sent.
func (l *Ledger) EnqueueIn(ctx context.Context, tx Tx, jobs []*Job, lock func() error) ([]Enqueued, error) {
	var n needs
	for _, j := range jobs {
		n.add(j.needs())
	}
	w, err := l.load(ctx, tx, n, nil)
	if err != nil {
		return nil, keepVerdict(err)
	}
	if w.anyEnded() {
		if err := lock(); err != nil {
			return nil, keepVerdict(err)
		}
		if w, err = l.load(ctx, tx, n, nil); err != nil {
			return nil, keepVerdict(err)
		}
	}
	list := make([]Enqueued, len(jobs))
	for i, j := range jobs {
		list[i] = w.enqueue(j)
	}
	return list, keepVerdict(w.save(ctx, tx))
}

// anyEnded reports whether a message has ended in such a way that it can be queued again.
func (w *work) anyEnded() bool {
	for _, r := range w.messages {
		if r.Status == Refused || r.Status == NotSent {
			return true
		}
	}
	return false
}

// ErrNotQueued means that a message is not, or no longer, in the queue.
var ErrNotQueued = errors.New("the message is not in the queue")

// waiting is what stands in the place of a conclusion while a message is in the queue.
const waiting provider.Outcome = "queued"

// Enqueue queues messages, all in one commit, and returns when they are durable. A ref
// that is known with the same content is replayed, unless it was refused or not sent:
// then the same message is queued again. An error means that none was queued.
func (l *Ledger) Enqueue(ctx context.Context, jobs []*Job) ([]Enqueued, error) {
	var n needs
	for _, j := range jobs {
		n.add(j.needs())
	}
	verdicts := make(chan []Enqueued, 2) // the change may still be made when do has returned, and be tried again
	err := l.do(ctx, n, func(w *work) error {
		list := make([]Enqueued, len(jobs))
		for i, j := range jobs {
			list[i] = w.enqueue(j)
		}
		for len(verdicts) > 0 {
			<-verdicts
		}
		verdicts <- list
		return nil
	})
	if err != nil {
		return nil, keepVerdict(err)
	}
	return <-verdicts, nil
}

func (w *work) enqueue(j *Job) Enqueued {
	if err := checkRef(j.Message.Ref); err != nil {
		return Enqueued{Err: err}
	}
	key := refKey{j.Namespace, j.Message.Ref}
	if known := w.byRef[key]; known != nil && key.ref != "" {
		if _, r := w.kept(known); r != nil {
			return w.enqueueAgain(j, known, r)
		}
	}
	if err := w.optedOut(j.Message, nil); err != nil {
		return Enqueued{Err: err}
	}
	r := w.newMessage()
	r.Namespace, r.Ref, r.concluded = j.Namespace, j.Message.Ref, waiting
	r.describe(j.Message)
	if key.ref == "" {
		key.ref = r.ID
	}
	w.setClaim(key, w.fingerprint(j.fingerprint()), r.ID, w.now.Add(j.Keep))
	w.putJob(j, r)
	return Enqueued{ID: r.ID}
}

// ended counts the attempts that are not under way.
func (r *record) ended() (n int) {
	for _, a := range r.attempts {
		if a.Outcome != "" {
			n++
		}
	}
	return n
}

// setClaim puts a new message under a ref.
func (w *work) setClaim(key refKey, fingerprint, message string, until time.Time) {
	c := w.byRef[key]
	if c == nil {
		c = &claim{refKey: key, fresh: true}
	}
	c.fingerprint, c.message, c.owner, c.run, c.until, c.changed = fingerprint, message, "", "", until, true
	delete(w.byRef, key)
	w.addClaim(c)
}

// enqueueAgain is enqueue for a ref that is known.
func (w *work) enqueueAgain(j *Job, known *claim, r *record) Enqueued {
	if known.fingerprint != w.fingerprint(j.fingerprint()) {
		return Enqueued{ID: r.ID, Err: router.ErrRefReused}
	}
	w.abandon(r)
	if r.fold(); r.Status != Refused && r.Status != NotSent {
		return Enqueued{ID: r.ID, Replayed: true}
	}
	if err := w.optedOut(j.Message, nil); err != nil {
		return Enqueued{ID: r.ID, Err: err}
	}
	r.concluded, r.Code, r.Reason, r.Text, r.To = waiting, "", "", "", ""
	r.describe(j.Message)
	known.until, known.changed = laterOf(known.until, w.now.Add(j.Keep)), true
	w.touch(r)
	w.putJob(j, r)
	return Enqueued{ID: r.ID}
}

func (w *work) putJob(j *Job, r *record) {
	own := *j
	own.ID, own.CreatedAt, own.Wake, own.free = r.ID, w.now, 0, r.ended()
	w.jobs = append(w.jobs, &own)
}

// Cancel takes a message out of the queue. It returns true if the message will certainly
// not be sent, and false if it is being sent, was sent, or has ended in another way.
func (l *Ledger) Cancel(ctx context.Context, id string) (bool, error) {
	cancelled := make(chan bool, 2)
	err := l.do(ctx, needs{messages: []string{clean(id)}}, func(w *work) error {
		for len(cancelled) > 0 {
			<-cancelled
		}
		r := w.messages[id]
		if r == nil {
			return ErrNotFound
		}
		w.abandon(r)
		r.fold()
		if r.Status == Queued && r.concluded == waiting {
			r.concluded, r.cancelled = "", true
			w.leaveQueue(r, waiting)
			w.touch(r)
		}
		cancelled <- r.Status == Cancelled && r.cancelled
		return nil
	})
	if err != nil {
		return false, keepVerdict(err)
	}
	return <-cancelled, nil
}

// EndJob records the outcome of a queued message if the router could not: because there
// was no attempt, or because the queue gives up. What is known already stays. With a
// result of not_sent or refused the job becomes a dead letter.
func (l *Ledger) EndJob(ctx context.Context, id string, result *router.Result) error {
	n := needs{messages: []string{id}, attempts: attemptIDs(result.Attempts)}
	copied := *result
	return keepVerdict(l.do(ctx, n, func(w *work) error {
		r := w.messages[id]
		if r == nil || r.concluded != waiting {
			return nil
		}
		return w.endJob(r, &copied)
	}))
}

func (w *work) endJob(r *record, result *router.Result) error {
	r.note(result.Attempts)
	w.abandon(r)
	if result.Status != provider.OutcomeAccepted && result.Status != provider.OutcomeUnknown {
		for _, a := range r.attempts {
			switch {
			case a.Outcome == "" && a.Settled != provider.OutcomeAccepted:
				return router.ErrInFlight
			case a.Outcome == provider.OutcomeUnknown:
				result.Status, result.Code, result.Message = provider.OutcomeUnknown, provider.Indeterminate, a.Reason
			}
		}
	}
	w.conclude(r, "", result)
	if result.Status == provider.OutcomeNotSent { // the queue does not try again
		r.concluded = provider.OutcomeNotSent
		w.leaveQueue(r, waiting)
		w.touch(r)
	}
	return nil
}

// leaveQueue notes that a message is not in the queue any more. before is its conclusion
// before the change. What nobody has taken becomes a dead letter.
func (w *work) leaveQueue(r *record, before provider.Outcome) {
	if before != waiting || r.concluded == waiting {
		return
	}
	w.settled = append(w.settled, r.ID)
	if r.concluded == provider.OutcomeNotSent || r.concluded == provider.OutcomeRefused {
		w.dead = append(w.dead, []any{clean(r.Reason), micros(w.now), r.ID})
		return
	}
	w.goneJobs = append(w.goneJobs, r.ID)
}

// Deferral says how a job goes on. Tries and Spent are those of [Job] from now on.
type Deferral struct {
	Until  time.Time
	Tries  int
	Spent  int
	Reason string
}

// Defer lets a job rest until a time.
func (l *Ledger) Defer(ctx context.Context, id string, d Deferral) error {
	return keepVerdict(l.do(ctx, needs{}, func(w *work) error {
		w.deferred = append(w.deferred, []any{micros(d.Until), d.Tries, clean(provider.Mask(d.Reason)), micros(w.now), d.Spent, id})
		return nil
	}))
}

// OnEnqueue sets what is called with the jobs that are put into the queue, in the
// transaction that does so. It sets their Wake. Package riverqueue uses it.
func (l *Ledger) OnEnqueue(f func(ctx context.Context, tx Tx, jobs []*Job) error) { l.wake.Store(&f) }

// jobError is why a queued message must not be sent under a claim by its id.
func jobError(r *record, c router.Claim) error {
	if c.Ref != r.ID || r.concluded == waiting || r.concluded == provider.OutcomeAccepted || r.acceptedBy() != nil {
		return nil
	}
	return &provider.Error{Code: provider.Unavailable, Err: ErrNotQueued}
}

// same reports whether a claim is about the content that its ref stands for. The id of a
// queued message stands for one content.
func (w *work) same(known *claim, r *record, c router.Claim) bool {
	if c.Ref == r.ID {
		return c.Message == nil || r.To == "" || c.Message.To.String() == r.To
	}
	return known.fingerprint == w.fingerprint(c.Fingerprint)
}

// kept returns a claim and its message; nil if it was kept long enough. A claim without
// a result does not become free with time.
func (w *work) kept(c *claim) (*claim, *record) {
	r := w.messages[c.message]
	if c.owner == "" && !w.now.Before(c.until) && (r == nil || r.concluded != waiting) {
		return nil, nil
	}
	return c, r
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
