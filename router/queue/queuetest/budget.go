package queuetest

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// job is a message that is in the queue.
func (l *lab) job(id string) *ledger.Job {
	l.Helper()
	j, err := l.ledger.Job(l.Context(), id)
	require.NoError(l, err)
	return j
}

// work sends a queued message once, whenever it is due, and returns when it is tried again.
func (l *lab) work(id string) time.Time {
	l.Helper()
	j := l.job(id)
	require.NoError(l, l.ledger.Defer(l.Context(), id, ledger.Deferral{Until: time.Now(), Tries: j.Tries, Spent: j.Spent, Reason: j.Reason}))
	again, err := l.queue.Work(l.Context(), id)
	require.NoError(l, err)
	return again
}

// testBudget: all sends of a message share one attempt budget, those before a restart and
// those of a process that died before it could say what became of them included.
func testBudget(l *lab) {
	options := func() *router.Options {
		return &router.Options{AttemptBudget: 4, Retry: router.Retry{MaxAttempts: 1}, Breaker: router.Breaker{Failures: 1000, MinVolume: 1000}}
	}
	l.make(queue.Options{}, options())
	var asked atomic.Int32
	l.vendor.Refuse(http.StatusServiceUnavailable)
	l.vendor.Meet(func(string) { asked.Add(1) })
	id := l.add(text("a", "Hello"))
	require.False(l, l.work(id).IsZero())
	assert.Equal(l, 1, l.job(id).Spent)

	require.NoError(l, l.router.Close(l.Context()))
	require.NoError(l, l.ledger.Close())
	l.openLedger()
	l.make(queue.Options{}, options())
	m := l.job(id).Message
	m.Ref = id
	_, err := l.router.Try(l.Context(), m, router.TryOptions{Spent: 1}) // and here the process dies
	require.Error(l, err)
	assert.Equal(l, 2, l.job(id).Spent)

	require.False(l, l.work(id).IsZero())
	assert.Equal(l, 3, l.job(id).Spent)
	assert.Equal(l, 2, l.job(id).Tries)
	require.True(l, l.work(id).IsZero(), "that was the last attempt")
	got := l.outcome(id)
	assert.Equal(l, ledger.NotSent, got.Status)
	assert.Contains(l, got.Reason, "the attempt budget is used up: it takes no messages now")
	assert.Len(l, got.Attempts, 4)
	assert.EqualValues(l, 4, asked.Load())

	n, err := l.queue.Retry(l.Context(), id)
	require.NoError(l, err)
	assert.Equal(l, 1, n)
	assert.Zero(l, l.job(id).Spent, "who puts it back gives it a new budget")
	require.False(l, l.work(id).IsZero())
	l.vendor.Refuse(0)
	require.True(l, l.work(id).IsZero())
	assert.Equal(l, ledger.Accepted, l.outcome(id).Status)

	// What is queued again by its ref has a new budget too.
	l.vendor.Refuse(http.StatusServiceUnavailable)
	id = l.add(text("b", "Hello"))
	for range 4 {
		l.work(id)
	}
	require.Equal(l, ledger.NotSent, l.outcome(id).Status)
	require.Equal(l, id, l.add(text("b", "Hello")))
	assert.Zero(l, l.job(id).Spent)
}

// testBudgetInOutage: attempts that found the providers out do not count.
func testBudgetInOutage(l *lab) {
	l.make(queue.Options{}, &router.Options{AttemptBudget: 1, Breaker: router.Breaker{Failures: 1, OpenFor: time.Hour}})
	l.vendor.Refuse(http.StatusServiceUnavailable)
	id := l.add(text("a", "Hello"))
	assert.Greater(l, time.Until(l.work(id)), 30*time.Minute, "it waits for the breaker")
	j := l.job(id)
	assert.Zero(l, j.Spent)
	assert.Zero(l, j.Tries)
	assert.Equal(l, "it takes no messages now", j.Reason)
	assert.False(l, l.work(id).IsZero())
	m, err := l.ledger.Message(l.Context(), id)
	require.NoError(l, err)
	assert.Len(l, m.Attempts, 1, "nothing is tried while the breaker is open")

	require.NoError(l, l.router.SetOverride("vendor", router.OverrideIn))
	require.True(l, l.work(id).IsZero(), "somebody says that the provider is in use: it counts")
	assert.Equal(l, ledger.NotSent, l.outcome(id).Status)
}

// testLateWhileUnderWay: a message that can be tried no more, while an attempt of somebody
// else is under way, is looked at again once that has ended.
func testLateWhileUnderWay(l *lab) {
	m := text("a", "Hello")
	id := l.addLate(m, 50*time.Millisecond)
	sent := *m
	sent.Ref = id
	claim := router.Claim{
		Ref: id, Fingerprint: router.Fingerprint(&sent), Owner: "another", Keep: time.Hour, Message: &sent,
		Intent: &router.JournalEntry{Key: id, Provider: "vendor", Attempt: l.ledger.NewAttempt()},
	}
	_, err := l.ledger.Begin(l.Context(), claim)
	require.NoError(l, err)
	time.Sleep(time.Until(m.Deadline))
	before := time.Now()
	again := l.work(id)
	require.True(l, again.After(before), "it comes back: %s", again)
	j := l.job(id)
	assert.WithinDuration(l, again, j.Due, time.Millisecond)
	assert.Zero(l, j.Spent, "the attempt may still turn out not to be made")

	require.NoError(l, l.ledger.Finish(l.Context(), claim, &router.Result{Ref: id, Status: provider.OutcomeNotSent, Code: provider.Unavailable}))
	require.True(l, l.work(id).IsZero())
	got := l.outcome(id)
	assert.Equal(l, ledger.NotSent, got.Status)
	assert.Equal(l, "its deadline passed", got.Reason)
}
