package ledgertest

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// job is a message to queue.
func (l *lab) job(ref string) *ledger.Job {
	return &ledger.Job{Message: l.message(ref), Due: time.Now(), GiveUp: time.Now().Add(time.Hour), Keep: time.Hour}
}

// enqueue queues one message, which must be possible, and returns its id.
func (l *lab) enqueue(j *ledger.Job) string {
	l.Helper()
	one := l.enqueueOne(j)
	require.NoError(l, one.Err)
	require.False(l, one.Replayed)
	return one.ID
}

func (l *lab) enqueueOne(j *ledger.Job) ledger.Enqueued {
	l.Helper()
	list, err := l.Enqueue(l.Context(), []*ledger.Job{j})
	require.NoError(l, err)
	require.Len(l, list, 1)
	return list[0]
}

// work is a send of a queued message, under its id, with one attempt.
func (l *lab) work(id string, o provider.Outcome) {
	l.Helper()
	c := l.claim(id, "worker of "+id)
	require.NoError(l, l.Finish(l.Context(), c, result(l.begin(c, "athens"), "athens", o, "")))
}

// giveUp ends a job as a queue does that does not try again.
func (l *lab) giveUp(id string, o provider.Outcome) {
	l.Helper()
	require.NoError(l, l.EndJob(l.Context(), id, &router.Result{Status: o, Code: provider.Unavailable, Message: "given up"}))
}

func (l *lab) status(id string) ledger.Status {
	l.Helper()
	m, err := l.Message(l.Context(), id)
	require.NoError(l, err)
	return m.Status
}

// spent is how many attempts of a queued message count.
func (l *lab) spent(id string) int {
	l.Helper()
	j, err := l.Job(l.Context(), id)
	require.NoError(l, err)
	return j.Spent
}

func (l *lab) assertGone(id string) {
	l.Helper()
	_, err := l.Job(l.Context(), id)
	require.ErrorIs(l, err, ledger.ErrNotQueued)
}

// testJob queues a message with all that it can have, and reads it again.
func testJob(l *lab) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	j := &ledger.Job{
		Namespace: "shop", Client: "till", Due: now.Add(-time.Second), GiveUp: now.Add(time.Hour), Keep: time.Hour,
		Message: &provider.Message{
			To: e164.MustParse(number), From: "Shop", Text: "Hello", Ref: "r", Tag: "test", Class: provider.OTP, Validity: time.Minute,
			SendAt: now, Deadline: now.Add(time.Hour), Delivery: provider.AtLeastOnce, Extra: map[string]string{"a": "b"},
		},
	}
	id := l.enqueue(j)
	got, err := l.Job(l.Context(), id)
	require.NoError(l, err)
	assert.WithinDuration(l, now, got.CreatedAt, time.Minute)
	assert.Equal(l, j.Message, got.Message)
	assert.Equal(l, []any{id, "shop", "till", j.Due, j.GiveUp, 0, 0, ""},
		[]any{got.ID, got.Namespace, got.Client, got.Due, got.GiveUp, got.Tries, got.Spent, got.Reason})
	m, err := l.Message(l.Context(), id)
	require.NoError(l, err)
	assert.Equal(l, []any{ledger.Queued, "shop", number, ""}, []any{m.Status, m.Namespace, m.To, m.Text}, "the code is with the job alone")

	rendered := l.job("s")
	rendered.Message.Text, rendered.Message.Class, rendered.Render = "", "", "code 7"
	got, err = l.Job(l.Context(), l.enqueue(rendered))
	require.NoError(l, err)
	assert.Equal(l, "code 7", got.Render)
	assert.Equal(l, provider.Transactional, got.Class())
	l.assertGone("msg_none")
}

// testQueued follows queued messages to their ends.
func testQueued(l *lab) {
	accepted, unknown, refused, later := l.enqueue(l.job("accepted")), l.enqueue(l.job("unknown")), l.enqueue(l.job("")), l.enqueue(l.job(""))
	l.work(accepted, provider.OutcomeAccepted)
	l.assertGone(accepted)
	assert.Equal(l, ledger.Accepted, l.status(accepted))
	l.work(unknown, provider.OutcomeUnknown)
	l.assertGone(unknown)
	l.work(refused, provider.OutcomeRefused)
	l.assertGone(refused)
	assert.Equal(l, ledger.Refused, l.status(refused))

	l.work(later, provider.OutcomeNotSent)
	assert.Equal(l, ledger.Queued, l.status(later), "the queue tries again")
	assert.Equal(l, 1, l.spent(later))
	until := time.Now().UTC().Truncate(time.Microsecond).Add(time.Hour)
	require.NoError(l, l.Defer(l.Context(), later, ledger.Deferral{Until: until, Tries: 3, Spent: 1, Reason: "down, as " + number + " says"}))
	j, err := l.Job(l.Context(), later)
	require.NoError(l, err)
	assert.Equal(l, []any{until, 3, 1, "down, as +*** says"}, []any{j.Due, j.Tries, j.Spent, j.Reason})
	require.NoError(l, l.Defer(l.Context(), later, ledger.Deferral{Until: until}))
	assert.Zero(l, l.spent(later), "the attempt did not count")
	l.work(later, provider.OutcomeNotSent)
	assert.Equal(l, 1, l.spent(later))
	l.giveUp(later, provider.OutcomeNotSent)
	l.assertGone(later)
	assert.Equal(l, ledger.NotSent, l.status(later))
	l.giveUp(accepted, provider.OutcomeNotSent)
	assert.Equal(l, ledger.Accepted, l.status(accepted), "it has ended")
	require.NoError(l, l.EndJob(l.Context(), "msg_none", &router.Result{Status: provider.OutcomeNotSent}))

	for id, want := range map[string]error{accepted: nil, unknown: ledger.ErrNotQueued, refused: ledger.ErrNotQueued, later: ledger.ErrNotQueued} {
		prior, err := l.Look(l.Context(), l.claim(id, "bob"))
		require.ErrorIs(l, err, want, "it is sent under its id as long as it is queued")
		assert.Equal(l, want == nil, prior != nil)
	}
	m, err := l.Message(l.Context(), unknown)
	require.NoError(l, err)
	l.record("athens", provider.Event{Kind: provider.Report, Attempt: m.Attempts[0].ID, Status: provider.StatusSent})
	prior, err := l.Look(l.Context(), l.claim(unknown, "bob"))
	require.NoError(l, err)
	assert.Equal(l, provider.OutcomeAccepted, prior.Status, "a report has settled it")
}

// testQueuedClaim is about who may send a queued message.
func testQueuedClaim(l *lab) {
	j := l.job("r")
	j.Namespace = "shop"
	id := l.enqueue(j)
	elsewhere := l.claim(id, "ann")
	elsewhere.Message.To = e164.MustParse("+306900000000")
	_, err := l.Begin(l.Context(), elsewhere)
	require.ErrorIs(l, err, router.ErrRefReused, "the id stands for a message to another number")
	nothing := l.claim(id, "ann")
	nothing.Message = nil
	prior, err := l.Look(l.Context(), nothing)
	require.NoError(l, err)
	assert.Nil(l, prior)

	l.begin(l.claim(id, "ann"), "athens")
	_, err = l.Begin(l.Context(), l.claim(id, "bob"))
	require.ErrorIs(l, err, router.ErrInFlight)
	require.ErrorIs(l, l.EndJob(l.Context(), id, &router.Result{Status: provider.OutcomeNotSent}), router.ErrInFlight, "nobody can say so")
	cancelled, err := l.Cancel(l.Context(), id)
	require.NoError(l, err)
	assert.False(l, cancelled, "it is being sent")
	assert.Equal(l, ledger.Sending, l.status(id))
	assert.Zero(l, l.spent(id), "it stays in the queue")

	slow := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
	lost := l.enqueue(l.job("lost"))
	slow.begin(l.claim(lost, "ann"), "athens")
	require.NoError(l, slow.Close())
	l.giveUp(lost, provider.OutcomeNotSent)
	assert.Equal(l, ledger.Unknown, l.status(lost), "what was under way is in doubt")
	l.assertGone(lost)
	slow = &lab{T: l.T, Ledger: l.open(ledger.Options{})}
	found := l.enqueue(l.job("found"))
	slow.begin(l.claim(found, "ann"), "athens")
	require.NoError(l, slow.Close())
	require.NoError(l, l.EndJob(l.Context(), found, &router.Result{Status: provider.OutcomeAccepted, Provider: "athens"}))
	assert.Equal(l, ledger.Accepted, l.status(found), "unless it is known")

	reported := l.enqueue(l.job("reported"))
	attempt := l.begin(l.claim(reported, "ann"), "athens")
	l.record("athens", provider.Event{Kind: provider.Report, Attempt: attempt, Status: provider.StatusSent})
	l.giveUp(reported, provider.OutcomeNotSent)
	assert.Equal(l, ledger.Sent, l.status(reported), "the vendor has it")
}

// testQueuedAgain queues messages whose refs are known.
func testQueuedAgain(l *lab) {
	id := l.enqueue(l.job("r"))
	one, another := l.enqueue(l.job("")), l.enqueue(l.job(""))
	assert.NotEqual(l, one, another, "without a ref each is another")
	assert.Equal(l, ledger.Enqueued{ID: id, Replayed: true}, l.enqueueOne(l.job("r")))
	other := l.job("r")
	other.Message.Text = "something else"
	assert.Equal(l, ledger.Enqueued{ID: id, Err: router.ErrRefReused}, l.enqueueOne(other))
	shop := l.job("r")
	shop.Namespace = "shop"
	assert.NotEqual(l, id, l.enqueue(shop), "a namespace has its own refs")
	both, err := l.Enqueue(l.Context(), []*ledger.Job{l.job("r"), shop})
	require.NoError(l, err)
	assert.Equal(l, []bool{true, true}, []bool{both[0].Replayed, both[1].Replayed})

	code := func(render string) *ledger.Job {
		j := l.job("code")
		j.Message.Text, j.Render = "", render
		return j
	}
	rendered := l.enqueue(code("7"))
	assert.Equal(l, ledger.Enqueued{ID: rendered, Replayed: true}, l.enqueueOne(code("7")))
	require.ErrorIs(l, l.enqueueOne(code("8")).Err, router.ErrRefReused)

	list, err := l.Enqueue(l.Context(), []*ledger.Job{l.job("bad\x00ref"), l.job("good")})
	require.NoError(l, err)
	assert.Equal(l, provider.InvalidMessage, provider.CodeOf(list[0].Err))
	require.NoError(l, list[1].Err, "the others are queued")

	for _, o := range []provider.Outcome{provider.OutcomeNotSent, provider.OutcomeRefused} {
		ended := l.enqueue(l.job(string(o)))
		l.work(ended, o)
		l.giveUp(ended, o)
		assert.Empty(l, l.only(string(o)).Text)
		assert.Equal(l, ledger.Enqueued{ID: ended}, l.enqueueOne(l.job(string(o))), "it is tried anew")
		assert.Equal(l, ledger.Queued, l.status(ended))
		assert.Equal(l, "a secret text", l.only(string(o)).Text)
		assert.Zero(l, l.spent(ended), "what was tried before does not count")
		l.work(ended, provider.OutcomeNotSent)
		assert.Equal(l, 1, l.spent(ended))
		l.giveUp(ended, provider.OutcomeNotSent)
	}
	brief := l.job("brief")
	brief.Keep = time.Nanosecond
	first := l.enqueue(brief)
	assert.True(l, l.enqueueOne(brief).Replayed, "a queued message is known for as long as it is queued")
	l.work(first, provider.OutcomeAccepted)
	assert.Equal(l, first, l.enqueueOne(brief).ID, "and as long as its send is remembered")

	_, err = l.OptOut(l.Context(), ledger.OptOut{Number: number, Scope: ledger.ScopeAll, Source: ledger.FromAPI})
	require.NoError(l, err)
	assert.Equal(l, provider.OptedOut, provider.CodeOf(l.enqueueOne(l.job("unwanted")).Err))
	again := l.enqueueOne(l.job("refused"))
	assert.Equal(l, provider.OptedOut, provider.CodeOf(again.Err))
	assert.Equal(l, ledger.NotSent, l.status(again.ID))
}

func testCancel(l *lab) {
	cancel := func(id string) bool {
		l.Helper()
		ok, err := l.Cancel(l.Context(), id)
		require.NoError(l, err)
		return ok
	}
	id := l.enqueue(l.job("r"))
	assert.True(l, cancel(id))
	assert.True(l, cancel(id), "it will certainly not be sent")
	assert.Equal(l, ledger.Cancelled, l.status(id))
	l.assertGone(id)
	assert.Equal(l, ledger.Enqueued{ID: id, Replayed: true}, l.enqueueOne(l.job("r")))
	_, err := l.Begin(l.Context(), l.claim(id, "ann"))
	require.ErrorIs(l, err, ledger.ErrNotQueued)

	for _, o := range []provider.Outcome{provider.OutcomeAccepted, provider.OutcomeUnknown, provider.OutcomeRefused} {
		ended := l.enqueue(l.job(""))
		l.work(ended, o)
		assert.False(l, cancel(ended), o)
		assert.Equal(l, ledger.Status(o), l.status(ended))
	}
	withdrawn := l.send("withdrawn", "athens", provider.OutcomeAccepted, "A1")
	l.record("athens", provider.Event{Kind: provider.Report, Attempt: withdrawn, Status: provider.StatusCancelled, Final: true})
	m := l.only("withdrawn")
	assert.Equal(l, ledger.Cancelled, m.Status)
	assert.False(l, cancel(m.ID), "the vendor had it")
	tried := l.enqueue(l.job(""))
	l.work(tried, provider.OutcomeNotSent)
	assert.True(l, cancel(tried), "it waits for its next try")
	_, err = l.Cancel(l.Context(), "msg_none")
	require.ErrorIs(l, err, ledger.ErrNotFound)

	slow := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
	lost := l.enqueue(l.job(""))
	slow.begin(l.claim(lost, "ann"), "athens")
	require.NoError(l, slow.Close())
	assert.False(l, cancel(lost))
	assert.Equal(l, ledger.Unknown, l.status(lost))
}

// testEnqueueIn queues messages in a transaction of the caller's.
func testEnqueueIn(l *lab) {
	locked := 0
	in := func(fail error, jobs ...*ledger.Job) (list []ledger.Enqueued, err error) {
		locked = 0
		err = l.Database().Write(l.Context(), func(tx ledger.Tx) (err error) {
			list, err = l.EnqueueIn(l.Context(), tx, jobs, func() error { locked++; return fail })
			return err
		})
		return list, err
	}
	rolledBack := errors.New("the caller rolls back")
	err := l.Database().Write(l.Context(), func(tx ledger.Tx) error {
		list, err := l.EnqueueIn(l.Context(), tx, []*ledger.Job{l.job("r")}, func() error { return nil })
		require.NoError(l, err)
		require.NoError(l, list[0].Err)
		return rolledBack
	})
	require.ErrorIs(l, err, rolledBack)
	list, err := in(nil, l.job("r"), l.job(""))
	require.NoError(l, err)
	require.Len(l, list, 2)
	assert.False(l, list[0].Replayed, "nothing is left of the first one")
	assert.Equal(l, ledger.Queued, l.status(list[0].ID))
	assert.Equal(l, ledger.Queued, l.status(list[1].ID))
	again, err := in(nil, l.job("r"))
	require.NoError(l, err)
	assert.Equal(l, []ledger.Enqueued{{ID: list[0].ID, Replayed: true}}, again)
	assert.Zero(l, locked)

	for _, o := range []provider.Outcome{provider.OutcomeNotSent, provider.OutcomeRefused} {
		ended := l.enqueue(l.job(string(o)))
		l.giveUp(ended, o)
		_, err = in(errors.New("no lock"), l.job(string(o)))
		require.ErrorContains(l, err, "no lock")
		assert.Equal(l, ledger.Status(o), l.status(ended))
		again, err = in(nil, l.job(string(o)))
		require.NoError(l, err)
		assert.Equal(l, []ledger.Enqueued{{ID: ended}}, again)
		assert.Equal(l, 1, locked, "a message that ended is changed by one transaction at a time")
	}
	ctx, cancel := context.WithCancel(l.Context())
	require.ErrorIs(l, l.Database().Write(l.Context(), func(tx ledger.Tx) error {
		cancel()
		_, err := l.EnqueueIn(ctx, tx, []*ledger.Job{l.job("late")}, func() error { return nil })
		return err
	}), context.Canceled)
}
