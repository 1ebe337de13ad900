package ledgertest

import (
	"context"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

func (l *lab) dead(f ledger.DeadFilter) (ids []string) {
	l.Helper()
	list, err := l.DeadLetters(l.Context(), f)
	require.NoError(l, err)
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	return ids
}

// testDeadLetters puts back what was given up or refused.
func testDeadLetters(l *lab) {
	code := l.job("code")
	code.Message.Class = provider.OTP
	var ids []string
	for _, j := range []*ledger.Job{l.job("text"), code, l.job("refused")} {
		ids = append(ids, l.enqueue(j))
		time.Sleep(2 * time.Millisecond) // ids begin with the millisecond
	}
	text, otp, refused := ids[0], ids[1], ids[2]
	l.work(text, provider.OutcomeNotSent)
	l.giveUp(text, provider.OutcomeNotSent)
	l.giveUp(otp, provider.OutcomeNotSent)
	l.work(refused, provider.OutcomeRefused)
	queued, sent := l.enqueue(l.job("queued")), l.enqueue(l.job("sent"))
	l.work(sent, provider.OutcomeAccepted)

	assert.Equal(l, ids, l.dead(ledger.DeadFilter{}))
	assert.Equal(l, []string{otp}, l.dead(ledger.DeadFilter{Class: provider.OTP}))
	assert.Equal(l, []string{refused}, l.dead(ledger.DeadFilter{Status: ledger.Refused}))
	assert.Equal(l, []string{text, otp}, l.dead(ledger.DeadFilter{Code: provider.Unavailable}))
	assert.Equal(l, []string{otp}, l.dead(ledger.DeadFilter{After: text, Limit: 1}))

	d, err := l.DeadLetter(l.Context(), otp)
	require.NoError(l, err)
	assert.Equal(l, []any{otp, ledger.NotSent, provider.Unavailable, "given up", "a secret text"}, []any{d.ID, d.Status, d.Code, d.Reason, d.Message.Text})
	assert.WithinDuration(l, time.Now(), d.Since, time.Minute)
	_, err = l.DeadLetter(l.Context(), queued)
	require.ErrorContains(l, err, "is queued; only one that was not sent or refused")
	_, err = l.DeadLetter(l.Context(), sent)
	require.ErrorContains(l, err, "is accepted; only one that was not sent or refused")
	_, err = l.DeadLetter(l.Context(), "msg_none")
	require.ErrorIs(l, err, ledger.ErrNotFound)
	for ref, o := range map[string]provider.Outcome{"plain": provider.OutcomeNotSent, "plain too": provider.OutcomeRefused} {
		l.send(ref, "athens", o, "")
		_, err = l.DeadLetter(l.Context(), l.only(ref).ID)
		require.ErrorContains(l, err, "its text is deleted already")
	}

	list, err := l.DeadLetters(l.Context(), ledger.DeadFilter{})
	require.NoError(l, err)
	missing := &ledger.Job{ID: "msg_none", Message: l.message("")}
	jobs := []*ledger.Job{list[0].Job, list[1].Job, list[2].Job, missing, {ID: sent, Message: l.message("sent")}, {ID: queued, Message: l.message("queued")}}
	n, err := l.Requeue(l.Context(), jobs)
	require.NoError(l, err)
	assert.Equal(l, 3, n, "those that are dead")
	n, err = l.Requeue(l.Context(), jobs)
	require.NoError(l, err)
	assert.Zero(l, n)
	assert.Empty(l, l.dead(ledger.DeadFilter{}))
	for _, id := range ids {
		assert.Equal(l, ledger.Queued, l.status(id))
		assert.Zero(l, l.spent(id), "what was tried before does not count")
	}
	assert.Equal(l, "a secret text", l.only("text").Text)
	assert.Empty(l, l.only("code").Text, "texts of one-time codes are not kept")
	l.work(text, provider.OutcomeAccepted)
	assert.Equal(l, ledger.Accepted, l.status(text))
	ctx, cancel := context.WithCancel(l.Context())
	cancel()
	_, err = l.Requeue(ctx, jobs)
	require.ErrorIs(l, err, context.Canceled)
}

// testDeadTexts: a dead letter keeps its text until it is settled, and no longer.
func testDeadTexts(l *lab) {
	id := l.enqueue(l.job("r"))
	l.giveUp(id, provider.OutcomeNotSent)
	p, err := l.Prune(l.Context())
	require.NoError(l, err)
	assert.Zero(l, p)
	assert.Len(l, l.dead(ledger.DeadFilter{}), 1)
	p, err = l.open(ledger.Options{Settle: time.Nanosecond}).Prune(l.Context())
	require.NoError(l, err)
	assert.Equal(l, ledger.Pruned{Texts: 1}, p)
	assert.Empty(l, l.dead(ledger.DeadFilter{}))
	assert.Equal(l, ledger.NotSent, l.status(id))
}

// testDepths counts what is in the queue, and pauses a class.
func testDepths(l *lab) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	add := func(class provider.Class, due time.Time) string {
		j := l.job("")
		j.Message.Class, j.Due = class, due
		return l.enqueue(j)
	}
	late, early := add(provider.Transactional, now.Add(-time.Second)), add(provider.Transactional, now.Add(-time.Minute))
	add(provider.Transactional, now.Add(2*time.Hour))
	add(provider.Transactional, now.Add(time.Hour))
	l.giveUp(add(provider.OTP, now), provider.OutcomeNotSent)

	jobs, next, err := l.DueJobs(l.Context(), provider.Transactional, now, 10)
	require.NoError(l, err)
	require.Len(l, jobs, 2)
	assert.Equal(l, []string{early, late}, []string{jobs[0].ID, jobs[1].ID}, "the longest due first")
	assert.Equal(l, now.Add(time.Hour), next)
	jobs, _, err = l.DueJobs(l.Context(), provider.Transactional, now, 1)
	require.NoError(l, err)
	assert.Len(l, jobs, 1)
	jobs, next, err = l.DueJobs(l.Context(), provider.OTP, now, 10)
	require.NoError(l, err)
	assert.Empty(l, jobs)
	assert.Zero(l, next)

	require.NoError(l, l.SetPaused(l.Context(), provider.Marketing, true))
	depths, err := l.Depths(l.Context())
	require.NoError(l, err)
	require.Len(l, depths, 3)
	assert.Equal(l, ledger.Depth{Class: provider.OTP, Dead: 1}, depths[0])
	assert.WithinDuration(l, now, depths[1].Oldest, time.Minute)
	depths[1].Oldest = time.Time{}
	assert.Equal(l, ledger.Depth{Class: provider.Transactional, Ready: 2, Later: 2, Next: now.Add(time.Hour)}, depths[1])
	assert.Equal(l, ledger.Depth{Class: provider.Marketing, Paused: true}, depths[2])

	other := l.open(ledger.Options{})
	for _, pause := range []bool{true, false} {
		require.NoError(l, l.SetPaused(l.Context(), "", pause))
		is, err := other.Paused(l.Context(), provider.Transactional)
		require.NoError(l, err)
		assert.Equal(l, pause, is, "in every process; no class is transactional")
	}

	require.NoError(l, l.Database().Write(l.Context(), func(tx ledger.Tx) error {
		_, err := tx.Exec(l.Context(), `UPDATE anysms_queue SET class = 'of a later version' WHERE message = $1`, []any{late})
		return err
	}))
	depths, err = l.Depths(l.Context())
	require.NoError(l, err)
	require.Len(l, depths, 3)
	assert.Equal(l, 1, depths[1].Ready)
}

// testWake tells who sends queued messages in the transaction that queues them.
func testWake(l *lab) {
	var woken [][]string
	l.OnEnqueue(func(_ context.Context, _ ledger.Tx, jobs []*ledger.Job) error {
		var refs []string
		for _, j := range jobs {
			j.Wake = 7
			refs = append(refs, j.Message.Ref)
		}
		woken = append(woken, refs)
		return nil
	})
	list, err := l.Enqueue(l.Context(), []*ledger.Job{l.job("a"), l.job("b")})
	require.NoError(l, err)
	j, err := l.Job(l.Context(), list[0].ID)
	require.NoError(l, err)
	assert.EqualValues(l, 7, j.Wake)
	l.enqueueOne(l.job("a"))
	l.work(list[0].ID, provider.OutcomeAccepted)
	assert.Equal(l, [][]string{{"a", "b"}}, woken, "nothing else was queued")
}

// testWatch waits for the outcome of a queued message.
func testWatch(l *lab) {
	id, other := l.enqueue(l.job("")), l.enqueue(l.job(""))
	ended := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	first, forget := l.Watch(id)
	defer forget()
	second, forgetSecond := l.Watch(id)
	third, forgetThird := l.Watch(id)
	defer forgetThird()
	elsewhere, forgetElsewhere := l.Watch(other)
	defer forgetElsewhere()
	forgetSecond()
	l.work(id, provider.OutcomeNotSent)
	assert.False(l, ended(first), "it is tried again")
	l.giveUp(id, provider.OutcomeNotSent)
	assert.Equal(l, []bool{true, false, true, false}, []bool{ended(first), ended(second), ended(third), ended(elsewhere)})
	cancelled, err := l.Cancel(l.Context(), other)
	require.NoError(l, err)
	require.True(l, cancelled)
	assert.True(l, ended(elsewhere))
}

// testRefsLikeIDs: a caller may choose a ref that looks like the id of a message.
func testRefsLikeIDs(l *lab) {
	for _, ref := range []string{"msg_1", "0123456789012345678901234567890123456789", "msg_0123456789012345678901234567890123456789"} {
		l.send(ref, "athens", provider.OutcomeAccepted, "")
		prior, err := l.Look(l.Context(), l.claim(ref, "bob"))
		require.NoError(l, err)
		require.NotNil(l, prior, ref)
		assert.Equal(l, provider.OutcomeAccepted, prior.Status)
		_, err = l.Look(l.Context(), router.Claim{Ref: ref, Fingerprint: "other", Owner: "bob"})
		require.ErrorIs(l, err, router.ErrRefReused)
	}
}
