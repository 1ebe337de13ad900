package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/sleep"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// sendTime is how long one send may take. An attempt begins no later.
const sendTime = 50 * time.Second

// The pauses between two sends of a message.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// Work sends a message that is due once, and records what follows: its outcome, or when
// it is to be tried again. That time is returned; zero = the message is not in the queue
// any more. Engines call it.
func (q *Queue) Work(ctx context.Context, id string) (again time.Time, err error) {
	j, err := q.ledger.Job(ctx, id)
	switch {
	case errors.Is(err, ledger.ErrNotQueued):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	case time.Now().Before(j.Due):
		return j.Due, nil
	}
	l := q.lanes[j.Class()]
	paused, err := l.isPaused(ctx)
	if err != nil || paused {
		return time.Now().Add(5 * lookAgain), err
	}
	_ = sleep.For(ctx, min(longestRest, l.rest())) // in its slot, so that nobody else is woken in vain
	return q.work(ctx, j), nil
}

// work is Work for a job that was read.
func (q *Queue) work(ctx context.Context, j *ledger.Job) (again time.Time) {
	settled, forget := q.ledger.Watch(j.ID)
	defer forget()
	result, err := q.sendSoon(ctx, j)
	select {
	case <-settled: // the router has recorded the outcome
		return time.Time{}
	default:
		return q.follow(ctx, j, result, err)
	}
}

// In a slot of a lane.
const (
	slotWait  = 2 * time.Second       // longer waits for limits are deferrals
	slotTotal = 10 * time.Second      // all waits of one job together
	slotStep  = 25 * time.Millisecond // a limit lets through what came up in a tenth of a second
)

// patience is how long the messages of a class may wait in the queue of a limit. Whoever
// waits there is ahead of all that come later: so codes wait, and campaigns do not.
func patience(class provider.Class) time.Duration {
	switch class {
	case provider.OTP:
		return time.Second
	case provider.Marketing:
		return 0
	}
	return 50 * time.Millisecond
}

// sendSoon sends a message once its providers' limits let it through, if that is soon.
func (q *Queue) sendSoon(ctx context.Context, j *ledger.Job) (*router.Result, error) {
	l, began := q.lanes[j.Class()], time.Now()
	for {
		result, err := q.send(ctx, j)
		d := result.Deferred
		switch {
		case result.Status != provider.OutcomeNotSent:
			l.noteWorked()
			return result, err
		case d != nil && len(result.Attempts) > 0: // they found the providers out
			l.noteDeferred(d.Until)
			return result, err
		case d == nil || len(result.Skipped) == 0: // a provider could take it, or a guard has deferred it
			l.noteWorked()
			return result, err
		}
		wait := time.Until(d.Until)
		if wait > slotWait || time.Since(began) > slotTotal {
			l.noteDeferred(d.Until)
			return result, err
		}
		_ = sleep.For(ctx, max(wait, slotStep)+rand.N(slotStep/2))
	}
}

// send sends a message once. A panic of a renderer or a middleware is an unknown
// outcome, so that a message that breaks the program does not do so for ever.
func (q *Queue) send(ctx context.Context, j *ledger.Job) (result *router.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("panic while sending: %T", p)}
			result = resultOf(j, err)
		}
	}()
	now := time.Now()
	if late(j, now) {
		err := provider.NewError(provider.Unavailable, errLate.Error())
		err.Err = errLate
		return resultOf(j, err), err
	}
	if !j.GiveUp.IsZero() && now.Sub(j.GiveUp) > time.Minute { // nobody had time for it
		err := provider.NewError(provider.Unavailable, "it was not sent in time")
		return resultOf(j, err), err
	}
	m, err := q.message(ctx, j, now)
	if err != nil {
		return resultOf(j, err), err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if j.Client != "" {
		ctx = router.WithClient(ctx, j.Client)
	}
	return q.router.Try(ctx, m, router.TryOptions{Patience: patience(j.Class()), Spent: j.Spent})
}

var errLate = errors.New("its deadline passed")

// late reports whether a job may not be tried any more, by the message's own limits.
func late(j *ledger.Job, now time.Time) bool {
	m := j.Message
	return !m.Deadline.IsZero() && !now.Before(m.Deadline) || m.Validity > 0 && !now.Before(validFrom(j).Add(m.Validity))
}

// validFrom is when the message's validity begins.
func validFrom(j *ledger.Job) time.Time {
	if j.Message.SendAt.After(j.CreatedAt) {
		return j.Message.SendAt
	}
	return j.CreatedAt
}

// message is what the router gets.
func (q *Queue) message(ctx context.Context, j *ledger.Job, now time.Time) (*provider.Message, error) {
	m := j.Message.Clone()
	m.Ref, m.SendAt = j.ID, time.Time{}
	if m.Validity > 0 {
		m.Validity -= max(0, now.Sub(validFrom(j))) // the clock may have been set back
	}
	if j.Render == "" {
		return m, nil
	}
	if q.options.Render == nil {
		return nil, errors.New("the text is to be rendered, and the queue has no renderer")
	}
	text, err := q.options.Render(ctx, j.Render, m)
	if err != nil {
		return nil, fmt.Errorf("the text could not be rendered: %w", err)
	}
	m.Text = text
	return m, nil
}

// resultOf is the result of a message that was not handed to the router.
func resultOf(j *ledger.Job, err error) *router.Result {
	r := &router.Result{Ref: j.ID, To: j.Message.To, Status: provider.OutcomeNotSent, Code: provider.Unavailable, Message: provider.Mask(err.Error())}
	if e, ok := errors.AsType[*provider.Error](err); ok {
		r.Status, r.Code = e.Code.Outcome(), e.Code
	}
	return r
}

// follow records what a send came to that the router has not recorded.
func (q *Queue) follow(ctx context.Context, j *ledger.Job, result *router.Result, err error) (again time.Time) {
	now := time.Now()
	switch {
	case errors.Is(err, ledger.ErrNotQueued): // it was cancelled, or has ended in another process
		return time.Time{}
	case errors.Is(err, router.ErrInFlight): // somebody else is sending it
		return q.standBack(ctx, j)
	case asksAgain(result) && (j.GiveUp.IsZero() || now.Before(j.GiveUp)):
		return q.postpone(ctx, j, ledger.Deferral{
			Until: earliest(result.Deferred.Until, j.GiveUp, j.Message.Deadline),
			Tries: j.Tries, Spent: j.Spent + attemptsOf(result), Reason: result.Deferred.Reason,
		})
	case result.Status != provider.OutcomeNotSent:
		result.Deferred = nil
		return q.end(ctx, j, result)
	case errors.Is(err, errLate), late(j, now):
		result.Code, result.Message = provider.Unavailable, errLate.Error()
		return q.end(ctx, j, result)
	case !j.GiveUp.IsZero() && !now.Before(j.GiveUp):
		result.Message = "given up: " + reasonOf(result)
		return q.end(ctx, j, result)
	case errors.Is(err, router.ErrBudget):
		reason := reasonOf(result)
		if len(result.Attempts) == 0 { // a process has died before it could say so
			reason = j.Reason
		}
		result.Message = strings.TrimSuffix(router.ErrBudget.Error()+": "+reason, ": ")
		return q.end(ctx, j, result)
	}
	next := ledger.Deferral{Until: now.Add(pauseAfter(j.Tries)), Tries: j.Tries + 1, Spent: j.Spent + attemptsOf(result), Reason: reasonOf(result)}
	if d := result.Deferred; d != nil && d.Until.After(now) {
		next.Until, next.Tries, next.Spent = d.Until, j.Tries, j.Spent
	}
	next.Until = earliest(next.Until, j.GiveUp, j.Message.Deadline)
	return q.postpone(ctx, j, next)
}

// asksAgain reports whether a vendor that may have the message is to be asked again about it.
func asksAgain(r *router.Result) bool {
	return r.Status == provider.OutcomeUnknown && r.Deferred != nil
}

// attemptsOf counts the attempts of one send.
func attemptsOf(r *router.Result) (n int) {
	for i := range r.Attempts {
		if !r.Attempts[i].Earlier {
			n++
		}
	}
	return n
}

// reasonOf is why a message was not sent, whatever the time until which it was deferred.
func reasonOf(r *router.Result) string {
	if r.Deferred != nil && len(r.Attempts) == 0 {
		return r.Deferred.Reason
	}
	return r.Message
}

// end ends a job. If the database does not take all that is known of its outcome, it takes
// the outcome alone.
func (q *Queue) end(ctx context.Context, j *ledger.Job, result *router.Result) (again time.Time) {
	err := q.put(ctx, j, func() error { return q.ledger.EndJob(ctx, j.ID, result) })
	if errors.Is(err, ledger.ErrBadValue) {
		q.options.Log.ErrorContext(ctx, "of the outcome of a message not all can be recorded", "id", j.ID, "error", err)
		err = q.put(ctx, j, func() error { return q.ledger.EndJob(ctx, j.ID, bare(result)) })
	}
	switch {
	case errors.Is(err, router.ErrInFlight):
		return q.standBack(ctx, j)
	case errors.Is(err, ledger.ErrBadValue):
		return q.postpone(ctx, j, ledger.Deferral{Until: time.Now().Add(pauseAfter(j.Tries)), Tries: j.Tries + 1, Spent: j.Spent, Reason: "its outcome cannot be recorded"})
	}
	return time.Time{}
}

// bare is an outcome without what a vendor, or somebody else, has said about it.
func bare(from *router.Result) *router.Result {
	r := &router.Result{Ref: from.Ref, To: from.To, Status: from.Status, Code: from.Code, Provider: from.Provider, DuplicatePossible: from.DuplicatePossible}
	if r.Status != provider.OutcomeAccepted {
		r.Message = "the database did not take the reason"
	}
	for _, a := range from.Attempts {
		r.Attempts = append(r.Attempts, router.Attempt{ID: a.ID, Provider: a.Provider, Outcome: a.Outcome, Code: a.Code, StartedAt: a.StartedAt, Earlier: a.Earlier})
	}
	return r
}

// standBack lets somebody else finish an attempt that is under way.
func (q *Queue) standBack(ctx context.Context, j *ledger.Job) (again time.Time) {
	return q.postpone(ctx, j, ledger.Deferral{
		Until: time.Now().Add(firstPause), Tries: j.Tries, Spent: j.Spent, Reason: "another process is sending it",
	})
}

func (q *Queue) postpone(ctx context.Context, j *ledger.Job, d ledger.Deferral) (again time.Time) {
	err := q.put(ctx, j, func() error { return q.ledger.Defer(ctx, j.ID, d) })
	if errors.Is(err, ledger.ErrBadValue) {
		d.Reason = "the database did not take the reason"
		_ = q.put(ctx, j, func() error { return q.ledger.Defer(ctx, j.ID, d) }) // or the ledger is closed
	}
	return d.Until
}

// valueTries is how often a value is tried again that the database did not take.
const valueTries = 2

// put writes until it succeeds: what was sent must not be forgotten. Only the end of the
// ledger ends it, as then the attempt is unknown to whoever comes next; a value that the
// database does not take, which is [ledger.ErrBadValue]; and an attempt that is under way,
// so that the message cannot be ended yet, which is [router.ErrInFlight].
func (q *Queue) put(ctx context.Context, j *ledger.Job, write func() error) error {
	for tries := 0; ; tries++ {
		err := write()
		switch {
		case err == nil, errors.Is(err, router.ErrInFlight):
			return err
		case errors.Is(err, ledger.ErrBadValue) && tries >= valueTries: // it may have been a row that somebody had locked
			return err
		case errors.Is(err, ledger.ErrClosed):
			q.options.Log.WarnContext(ctx, "a queued message stays as it is", "id", j.ID, "error", err)
			return err
		case tries == 0:
			q.options.Log.ErrorContext(ctx, "what became of a message cannot be recorded", "id", j.ID, "error", err)
		}
		_ = sleep.For(ctx, pauseAfter(tries)/4)
	}
}

// pauseAfter grows with the number of sends, and varies by a quarter.
func pauseAfter(tries int) time.Duration {
	d := min(lastPause, firstPause<<min(tries, 10))
	return d - rand.N(d/4)
}

// earliest is the earliest of times that are not zero.
func earliest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}
