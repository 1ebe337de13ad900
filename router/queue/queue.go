package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// Options configure a queue. The zero value of every field is its default.
type Options struct {
	// Lanes are the settings by class.
	Lanes map[provider.Class]Lane
	// Keep is how long a ref is remembered; default 24h. A message that is still
	// queued is remembered longer.
	Keep time.Duration
	// Render renders the text of messages with Item.Render, when they are sent. An
	// error that is a *provider.Error ends the message; any other defers it.
	Render func(ctx context.Context, render string, m *provider.Message) (text string, err error)
	// Engine wakes workers; nil = this process's own, for SQLite. Package riverqueue
	// sets it.
	Engine Engine
	// Address is where this process can be reached, for the error of a second worker.
	Address string
	// Log gets background events; nil = silent.
	Log *slog.Logger
}

// Engine wakes the workers of a queue. All decisions are made by the ledger.
type Engine interface {
	// Run calls [Queue.Work] for each job that is due until the context ends, then waits
	// for the calls under way.
	Run(ctx context.Context, q *Queue) error
	// Pause is called when a class is paused or resumed.
	Pause(ctx context.Context, class provider.Class, paused bool) error
}

// Lane configures how the messages of one class are sent.
type Lane struct {
	Workers     int           // messages in flight; default 64
	GiveUpAfter time.Duration // after Enqueue or SendAt; default 5m for otp, 24h, 72h for marketing
}

// Classes lists the classes, the most urgent first.
func Classes() []provider.Class {
	return []provider.Class{provider.OTP, provider.Transactional, provider.Marketing}
}

const defaultWorkers = 64

func defaultGiveUp(class provider.Class) time.Duration {
	switch class {
	case provider.OTP:
		return 5 * time.Minute
	case provider.Marketing:
		return 72 * time.Hour
	}
	return 24 * time.Hour
}

// Queue is a durable queue of messages. It is safe for concurrent use.
type Queue struct {
	ledger  *ledger.Ledger
	router  *router.Router
	options Options
	lanes   map[provider.Class]*lane
}

// New returns a queue in a ledger. The router must have the ledger as its Store.
func New(l *ledger.Ledger, r *router.Router, o Options) (*Queue, error) {
	if l == nil || r == nil {
		return nil, errors.New("queue: a ledger and a router are needed")
	}
	q := &Queue{ledger: l, router: r, options: o, lanes: make(map[provider.Class]*lane)}
	for class := range o.Lanes {
		if class != provider.OTP && class != provider.Transactional && class != provider.Marketing {
			return nil, unknownClass(class)
		}
	}
	for _, class := range Classes() {
		settings := o.Lanes[class]
		if settings.Workers < 0 || settings.GiveUpAfter < 0 {
			return nil, fmt.Errorf("queue: lane %s: negative values are not allowed", class)
		}
		settings.Workers = cmp.Or(settings.Workers, defaultWorkers)
		settings.GiveUpAfter = cmp.Or(settings.GiveUpAfter, defaultGiveUp(class))
		q.lanes[class] = newLane(q, class, settings)
	}
	q.options.Keep = cmp.Or(o.Keep, 24*time.Hour)
	if o.Log == nil {
		q.options.Log = slog.New(slog.DiscardHandler)
	}
	return q, nil
}

// Item is a message to be queued.
type Item struct {
	Message *provider.Message
	// Namespace is the scope in which the message's Ref is unique; "" is a namespace too.
	Namespace string
	// Render is passed to Options.Render, which makes the text when the message is sent,
	// so that it is never stored. Message.Text is empty then.
	Render string
}

// Enqueued is what became of an [Item].
type Enqueued = ledger.Enqueued

// Enqueue queues a message, and returns its id when it is durable. A Ref that was queued
// before returns the id of that message, and nothing is queued, unless it was refused or
// not sent: then it is queued again. With other content the error is
// [router.ErrRefReused]. A message that must not be sent is a *provider.Error.
func (q *Queue) Enqueue(ctx context.Context, m *provider.Message) (id string, err error) {
	list, err := q.EnqueueAll(ctx, Item{Message: m})
	if err != nil {
		return "", err
	}
	return list[0].ID, list[0].Err
}

// EnqueueAll queues messages in one commit, and returns the result of each, in their
// order. A message that cannot be queued does not affect the others. The error means that
// none was queued, or that the commit's outcome is not known.
func (q *Queue) EnqueueAll(ctx context.Context, items ...Item) ([]Enqueued, error) {
	list, err := q.EnqueueBy(ctx, items, func(jobs []*ledger.Job) ([]Enqueued, error) { return q.ledger.Enqueue(ctx, jobs) })
	for i := range list {
		if list[i].Err == nil {
			q.lanes[classOf(items[i].Message)].rouse()
		}
	}
	return list, err
}

// EnqueueBy is EnqueueAll with another way to write the jobs down, for engines.
func (q *Queue) EnqueueBy(ctx context.Context, items []Item, write func([]*ledger.Job) ([]Enqueued, error)) ([]Enqueued, error) {
	verdicts := make([]Enqueued, len(items))
	var jobs []*ledger.Job
	var places []int
	now := time.Now()
	for i := range items {
		j, err := q.job(&items[i], now, router.ClientOf(ctx))
		if err != nil {
			verdicts[i].Err = err
			continue
		}
		jobs, places = append(jobs, j), append(places, i)
	}
	if len(jobs) == 0 {
		return verdicts, nil
	}
	list, err := write(jobs)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	for i, e := range list {
		verdicts[places[i]] = e
	}
	return verdicts, nil
}

func classOf(m *provider.Message) provider.Class { return cmp.Or(m.Class, provider.Transactional) }

// job is an item as it is queued, or why it must not be.
func (q *Queue) job(it *Item, now time.Time, client string) (*ledger.Job, error) {
	if it.Message == nil {
		return nil, provider.NewError(provider.InvalidMessage, "there is no message")
	}
	m := it.Message.Clone()
	m.Attempt = ""
	if err := q.check(it, m, now); err != nil {
		return nil, err
	}
	j := &ledger.Job{Namespace: it.Namespace, Message: m, Render: it.Render, Client: client, Due: now, Keep: q.options.Keep}
	if m.SendAt.After(now) {
		j.Due = m.SendAt
	}
	j.GiveUp = j.Due.Add(q.lanes[j.Class()].settings.GiveUpAfter)
	return j, nil
}

// check refuses what could not be sent now.
func (q *Queue) check(it *Item, m *provider.Message, now time.Time) error {
	asked := *m
	asked.SendAt = time.Time{} // the queue holds it until then
	switch {
	case it.Render != "" && q.options.Render == nil:
		return provider.NewError(provider.InvalidMessage, "the text is to be rendered, and the queue has no renderer")
	case it.Render != "" && m.Text != "":
		return provider.NewError(provider.InvalidMessage, "the message has a text, and one to be rendered")
	case !m.SendAt.IsZero() && now.Sub(m.SendAt) > time.Minute:
		return provider.NewError(provider.InvalidMessage, "the time to send has passed: "+m.SendAt.Format(time.RFC3339))
	case !m.Deadline.IsZero() && m.Deadline.Before(m.SendAt):
		return provider.NewError(provider.InvalidMessage, "the deadline is before the time to send")
	}
	if it.Render != "" {
		asked.Text = "0"
	}
	p := q.router.Plan(&asked)
	if p.Code == "" || putOff(p) {
		return nil
	}
	return provider.NewError(p.Code, p.Message)
}

// putOff reports whether a guard would only defer the message, as in quiet hours: the
// queue keeps it until then.
func putOff(p *router.Plan) bool {
	for _, v := range p.Guards {
		if v.Code != "" {
			return v.Verdict == "defer" && v.Code == p.Code
		}
	}
	return false
}

// Cancel takes a message out of the queue. It returns true if the message will certainly
// not be sent. An id that is not known is [ledger.ErrNotFound].
func (q *Queue) Cancel(ctx context.Context, id string) (bool, error) { return q.ledger.Cancel(ctx, id) }

// lookAgain is how often it is looked for what other processes have done.
const lookAgain = 500 * time.Millisecond

// Wait returns the message once it has an outcome: when it is neither queued nor being
// sent. If the context ends before, it returns the message as it is, and the cause.
func (q *Queue) Wait(ctx context.Context, id string) (*ledger.Message, error) {
	for {
		settled, forget := q.ledger.Watch(id)
		m, err := q.ledger.Message(context.WithoutCancel(ctx), id)
		if err != nil || m.Status != ledger.Queued && m.Status != ledger.Sending {
			forget()
			return m, err
		}
		timer := time.NewTimer(lookAgain)
		select {
		case <-settled:
		case <-timer.C:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		timer.Stop()
		forget()
		if err != nil {
			return m, err
		}
	}
}

// Stats sums up the queue by class, the most urgent first.
func (q *Queue) Stats(ctx context.Context) ([]ledger.Depth, error) { return q.ledger.Depths(ctx) }

// Pause stops sending the messages of a class, in every process, until Resume. Messages
// in flight are finished, and messages can still be queued.
func (q *Queue) Pause(ctx context.Context, class provider.Class) error {
	return q.setPaused(ctx, class, true)
}

// Resume ends a Pause.
func (q *Queue) Resume(ctx context.Context, class provider.Class) error {
	return q.setPaused(ctx, class, false)
}

func (q *Queue) setPaused(ctx context.Context, class provider.Class, paused bool) error {
	l := q.lanes[cmp.Or(class, provider.Transactional)]
	if l == nil {
		return unknownClass(class)
	}
	err := q.ledger.SetPaused(ctx, l.class, paused)
	if err == nil && q.options.Engine != nil {
		err = q.options.Engine.Pause(ctx, l.class, paused)
	}
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	l.notePaused(paused)
	l.rouse()
	return nil
}

func unknownClass(class provider.Class) error {
	return fmt.Errorf("queue: unknown class %q; want otp, transactional or marketing", string(class))
}

// Lane returns the settings of a class, with their defaults.
func (q *Queue) Lane(class provider.Class) Lane { return q.lanes[class].settings }

// Ledger returns the ledger that the queue is in.
func (q *Queue) Ledger() *ledger.Ledger { return q.ledger }

// Retry puts dead letters back into the queue by their ids, and returns how many that were.
// One whose deadline has passed is left where it is.
func (q *Queue) Retry(ctx context.Context, ids ...string) (n int, err error) {
	var list []ledger.DeadLetter
	for _, id := range ids {
		d, err := q.ledger.DeadLetter(ctx, id)
		if err != nil {
			return 0, fmt.Errorf("queue: %q: %w", id, err)
		}
		list = append(list, *d)
	}
	return q.putBack(ctx, list)
}

// RetryAll is Retry for all dead letters that a filter selects; After and Limit do not
// count. Without a Status and a Code they are those that were not sent: what was refused is
// refused again, unless somebody has fixed the cause.
func (q *Queue) RetryAll(ctx context.Context, f ledger.DeadFilter) (n int, err error) {
	if f.Status == "" && f.Code == "" {
		f.Status = ledger.NotSent
	}
	f.After, f.Limit = "", 500
	for {
		list, err := q.ledger.DeadLetters(ctx, f)
		if err != nil || len(list) == 0 {
			return n, err
		}
		f.After = list[len(list)-1].ID
		more, err := q.putBack(ctx, list)
		n += more
		if err != nil {
			return n, err
		}
	}
}

func (q *Queue) putBack(ctx context.Context, letters []ledger.DeadLetter) (int, error) {
	now := time.Now()
	var list []*ledger.Job
	for _, d := range letters {
		j := d.Job
		if late(j, now) {
			continue
		}
		j.Due, j.GiveUp, j.Tries, j.Reason = now, now.Add(q.lanes[j.Class()].settings.GiveUpAfter), 0, ""
		list = append(list, j)
	}
	n, err := q.ledger.Requeue(ctx, list)
	for _, j := range list {
		q.lanes[j.Class()].rouse()
	}
	return n, err
}

// Run sends queued messages until the context ends, then waits for those in flight. It
// fails with a [*ledger.WorkerError] if another process works on the queue.
func (q *Queue) Run(ctx context.Context) error {
	if q.options.Engine != nil {
		if err := q.options.Engine.Run(ctx, q); err != nil {
			return fmt.Errorf("queue: %w", err)
		}
		return nil
	}
	unlock, err := q.ledger.LockWorker(ledger.Worker{PID: os.Getpid(), Address: q.options.Address})
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	defer func() { _ = unlock() }() // it ends with the process anyway
	if err := q.ledger.Recover(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("queue: %w", err)
	}
	q.runLanes(ctx)
	return nil
}
