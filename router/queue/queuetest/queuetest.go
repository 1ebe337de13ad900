// Package queuetest has the tests that a queue must pass on every database.
package queuetest

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// Harness makes what the tests work on.
type Harness struct {
	// Open makes a new, empty ledger, and returns a function that opens it.
	Open func(t *testing.T) func(ledger.Options) (*ledger.Ledger, error)
	// Serial runs one test after the other.
	Serial bool
	// New returns a queue in a ledger.
	New func(t *testing.T, l *ledger.Ledger, r *router.Router, o queue.Options) (*queue.Queue, error)
}

// Run runs the tests.
func Run(t *testing.T, h Harness) {
	for _, test := range []struct {
		name string
		run  func(*lab)
	}{
		{"sends what is queued", testSends},
		{"refs", testRefs},
		{"namespaces", testNamespaces},
		{"verdicts in order", testVerdicts},
		{"send_at", testSendAt},
		{"cancel", testCancel},
		{"cancel while it is sent", testCancelTooLate},
		{"pause", testPause},
		{"an outage is waited for", testOutage},
		{"given up", testGivenUp},
		{"attempt budget", testBudget},
		{"attempt budget in an outage", testBudgetInOutage},
		{"late while an attempt is under way", testLateWhileUnderWay},
		{"a vendor in doubt is asked again", testReconcile},
		{"a vendor in doubt, and a person who knows", testResolved},
		{"a vendor in doubt, and its report", testReported},
		{"dead letters", testDeadLetters},
		{"deadline", testDeadline},
		{"route removed since", testRouteGone},
		{"provider gone since", testProviderGone},
		{"price gone since", testPriceGone},
		{"opted out since", testOptedOut},
		{"refused by the vendor", testRefusedByVendor},
		{"a driver that panics", testPanic},
		{"a vendor's id that is too long", testLongID},
		{"queued by a newer program", testNewerJobs},
		{"rendered texts", testRender},
		{"texts of one-time codes", testTexts},
		{"erase", testErase},
		{"drain", testDrain},
		{"wait ends with its context", testWait},
		{"queued before, run after", testLater},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !h.Serial {
				t.Parallel()
			}
			test.run(newLab(t, h))
		})
	}
}

func testSends(l *lab) {
	l.run()
	var ids []string
	for i := range 50 {
		m := text(fmt.Sprint("order-", i), "Hello")
		m.Class = queue.Classes()[i%3]
		ids = append(ids, l.add(m))
	}
	for _, id := range ids {
		m := l.outcome(id)
		assert.Equal(l, ledger.Accepted, m.Status, m.Reason)
		assert.Equal(l, "id-"+id, m.ProviderID)
		assert.Equal(l, 1, l.vendor.Sent(id))
	}
	assert.Zero(l, l.depth())
}

func testRefs(l *lab) {
	id := l.add(text("a", "Hello"))
	assert.Equal(l, id, l.add(text("a", "Hello")))
	_, err := l.queue.Enqueue(l.Context(), text("a", "Another text"))
	require.ErrorIs(l, err, router.ErrRefReused)
	assert.Equal(l, 1, l.depth().Ready)
	l.run()
	require.Equal(l, ledger.Accepted, l.outcome(id).Status)
	again, err := l.queue.EnqueueAll(l.Context(), queue.Item{Message: text("a", "Hello")})
	require.NoError(l, err)
	assert.Equal(l, []queue.Enqueued{{ID: id, Replayed: true}}, again)

	other := l.add(text("", "Hello"))
	assert.NotEqual(l, other, l.add(text("", "Hello")), "without a ref each is a message of its own")

	l.vendor.Refuse(http.StatusForbidden)
	m := text("b", "Hello")
	id = l.addLate(m, 300*time.Millisecond)
	before := l.outcome(id)
	require.Equal(l, ledger.NotSent, before.Status, before.Reason)
	l.vendor.Refuse(0)
	require.NoError(l, l.router.SetOverride("vendor", router.OverrideIn))
	assert.Equal(l, id, l.add(text("b", "Hello")), "after not_sent it is the same message")
	after := l.outcome(id)
	assert.Equal(l, ledger.Accepted, after.Status)
	assert.Greater(l, len(after.Attempts), len(before.Attempts))
}

func testNamespaces(l *lab) {
	l.run()
	one, two := queue.Item{Message: text("a", "One"), Namespace: "one"}, queue.Item{Message: text("a", "Two"), Namespace: "two"}
	list, err := l.queue.EnqueueAll(l.Context(), one, two)
	require.NoError(l, err)
	for i, e := range list {
		require.NoError(l, e.Err)
		m := l.outcome(e.ID)
		assert.Equal(l, ledger.Accepted, m.Status)
		assert.Equal(l, []string{"one", "two"}[i], m.Namespace)
		assert.Equal(l, "a", m.Ref)
	}
	assert.Equal(l, 2, l.vendor.Total())
	again, err := l.queue.EnqueueAll(l.Context(), one)
	require.NoError(l, err)
	assert.Equal(l, queue.Enqueued{ID: list[0].ID, Replayed: true}, again[0])
}

func testVerdicts(l *lab) {
	wrong := text("c", "")
	list, err := l.queue.EnqueueAll(l.Context(), queue.Item{Message: text("a", "Hello")}, queue.Item{Message: wrong},
		queue.Item{Message: text("a", "Other")}, queue.Item{Message: text("a", "Hello")}, queue.Item{})
	require.NoError(l, err)
	require.Len(l, list, 5)
	require.NoError(l, list[0].Err)
	assert.Equal(l, provider.InvalidMessage, provider.CodeOf(list[1].Err))
	require.ErrorIs(l, list[2].Err, router.ErrRefReused)
	assert.Equal(l, queue.Enqueued{ID: list[0].ID, Replayed: true}, list[3])
	assert.Equal(l, provider.InvalidMessage, provider.CodeOf(list[4].Err))
	assert.Equal(l, 1, l.depth().Ready)
}

func testSendAt(l *lab) {
	l.run()
	var m *provider.Message
	var id string
	for d := 700 * time.Millisecond; d < time.Minute; d *= 4 {
		m = text(d.String(), "Hello")
		m.SendAt = time.Now().Add(d)
		id = l.add(m)
		later, status := l.depth().Later, l.status(id)
		if time.Now().Before(m.SendAt) { // else the machine was slower
			assert.Equal(l, 1, later)
			assert.Equal(l, ledger.Queued, status)
			break
		}
		l.outcome(id)
	}
	assert.Equal(l, ledger.Accepted, l.outcome(id).Status)
	assert.False(l, time.Now().Before(m.SendAt), "it was sent before its time")
	m.SendAt = time.Now().Add(-time.Hour)
	_, err := l.queue.Enqueue(l.Context(), m)
	assert.Equal(l, provider.InvalidMessage, provider.CodeOf(err))
}

func testCancel(l *lab) {
	id := l.add(text("a", "Hello"))
	ok, err := l.queue.Cancel(l.Context(), id)
	require.NoError(l, err)
	assert.True(l, ok)
	again, err := l.queue.Cancel(l.Context(), id)
	require.NoError(l, err)
	assert.True(l, again, "it is still certain that it will not be sent")
	l.run()
	assert.Equal(l, ledger.Cancelled, l.outcome(id).Status)
	assert.Equal(l, ledger.Accepted, l.outcome(l.add(text("b", "Hello"))).Status)
	assert.Zero(l, l.vendor.Sent(id))
	assert.Equal(l, id, l.add(text("a", "Hello")), "a cancelled message is not sent by its ref")
	assert.Equal(l, ledger.Cancelled, l.status(id))
	_, err = l.queue.Cancel(l.Context(), "msg_of-nobody")
	require.ErrorIs(l, err, ledger.ErrNotFound)
}

func testCancelTooLate(l *lab) {
	verdicts := make(chan bool, 1)
	l.vendor.Meet(func(id string) {
		ok, err := l.queue.Cancel(context.Background(), id)
		assert.NoError(l, err)
		verdicts <- ok
	})
	l.run()
	id := l.add(text("a", "Hello"))
	assert.Equal(l, ledger.Accepted, l.outcome(id).Status)
	assert.False(l, <-verdicts)
	ok, err := l.queue.Cancel(l.Context(), id)
	require.NoError(l, err)
	assert.False(l, ok)
}

func testPause(l *lab) {
	require.NoError(l, l.queue.Pause(l.Context(), provider.Marketing))
	l.run()
	campaign := text("a", "Sale")
	campaign.Class = provider.Marketing
	id := l.add(campaign)
	assert.Equal(l, ledger.Accepted, l.outcome(l.add(text("b", "Hello"))).Status)
	assert.Equal(l, ledger.Queued, l.status(id))
	list, err := l.queue.Stats(l.Context())
	require.NoError(l, err)
	assert.True(l, list[2].Paused)
	require.NoError(l, l.queue.Resume(l.Context(), provider.Marketing))
	assert.Equal(l, ledger.Accepted, l.outcome(id).Status)
}

func testOutage(l *lab) {
	l.make(queue.Options{}, &router.Options{Breaker: router.Breaker{Failures: 1, OpenFor: time.Second}, Retry: router.Retry{MaxAttempts: 1}})
	l.vendor.Refuse(http.StatusServiceUnavailable)
	l.run()
	id := l.add(text("a", "Hello"))
	require.Eventually(l, func() bool { return l.depth().Later == 1 }, time.Minute, 10*time.Millisecond)
	assert.Contains(l, []ledger.Status{ledger.Queued, ledger.Sending}, l.status(id), "it waits for the vendor, or tries again")
	l.vendor.Refuse(0)
	m := l.outcome(id)
	assert.Equal(l, ledger.Accepted, m.Status)
	assert.Equal(l, 1, l.vendor.Sent(id))
}

func testGivenUp(l *lab) {
	l.make(queue.Options{Lanes: map[provider.Class]queue.Lane{provider.Transactional: {GiveUpAfter: 500 * time.Millisecond}}},
		&router.Options{Breaker: router.Breaker{Failures: 1, OpenFor: time.Hour}})
	l.vendor.Refuse(http.StatusServiceUnavailable)
	l.run()
	m := l.outcome(l.add(text("a", "Hello")))
	assert.Equal(l, ledger.NotSent, m.Status)
	assert.Equal(l, provider.Unavailable, m.Code)
	assert.Contains(l, m.Reason, "given up")
	assert.Equal(l, 1, l.depth().Dead)
}

func testDeadLetters(l *lab) {
	l.make(queue.Options{Lanes: map[provider.Class]queue.Lane{provider.Transactional: {GiveUpAfter: time.Millisecond}}}, &router.Options{})
	l.vendor.Refuse(http.StatusServiceUnavailable)
	l.run()
	ids := []string{l.add(text("a", "Hello")), l.add(text("b", "Hello"))}
	for _, id := range ids {
		require.Equal(l, ledger.NotSent, l.outcome(id).Status)
	}
	l.vendor.Refuse(0)
	require.NoError(l, l.router.SetOverride("vendor", router.OverrideIn))
	n, err := l.queue.Retry(l.Context(), ids[0])
	require.NoError(l, err)
	assert.Equal(l, 1, n)
	assert.Equal(l, ledger.Accepted, l.outcome(ids[0]).Status)
	assert.Equal(l, "Hello", l.vendor.Text(ids[0]))
	n, err = l.queue.RetryAll(l.Context(), ledger.DeadFilter{Class: provider.Transactional})
	require.NoError(l, err)
	assert.Equal(l, 1, n)
	assert.Equal(l, ledger.Accepted, l.outcome(ids[1]).Status)
	_, err = l.queue.Retry(l.Context(), ids[0])
	require.ErrorContains(l, err, "is accepted")
	assert.Zero(l, l.depth())
}

func testDeadline(l *lab) {
	m := text("a", "Hello")
	id := l.addLate(m, 50*time.Millisecond)
	short := text("b", "Hello")
	short.Validity = 50 * time.Millisecond
	other := l.add(short)
	last := time.Now().Add(short.Validity) // or a little before
	if m.Deadline.After(last) {
		last = m.Deadline
	}
	time.Sleep(time.Until(last) + 20*time.Millisecond)
	l.run()
	for _, id := range []string{id, other} {
		got := l.outcome(id)
		assert.Equal(l, ledger.NotSent, got.Status)
		assert.Equal(l, provider.Unavailable, got.Code)
		assert.Equal(l, "its deadline passed", got.Reason)
	}
	n, err := l.queue.RetryAll(l.Context(), ledger.DeadFilter{})
	require.NoError(l, err)
	assert.Zero(l, n, "they are late for ever")
	assert.Zero(l, l.vendor.Total())
}

func testPanic(l *lab) {
	l.run()
	m := l.outcome(l.add(text("a", "boom")))
	assert.Equal(l, ledger.Unknown, m.Status)
	assert.Len(l, m.Attempts, 1)
	assert.Zero(l, l.depth())
}

func testRender(l *lab) {
	l.make(queue.Options{Render: func(_ context.Context, render string, _ *provider.Message) (string, error) {
		switch render {
		case "panic":
			panic("the renderer has a bug")
		case "expired":
			return "", provider.NewError(provider.InvalidMessage, "the code has expired")
		}
		return "Your code is " + render, nil
	}}, &router.Options{})
	l.run()
	for _, c := range []struct {
		render string
		want   ledger.Status
	}{{"123456", ledger.Accepted}, {"expired", ledger.Refused}, {"panic", ledger.Unknown}} {
		list, err := l.queue.EnqueueAll(l.Context(), queue.Item{Message: text("", ""), Render: c.render})
		require.NoError(l, err)
		require.NoError(l, list[0].Err)
		m := l.outcome(list[0].ID)
		assert.Equal(l, c.want, m.Status, c.render)
		if c.want == ledger.Accepted {
			assert.Equal(l, "Your code is 123456", l.vendor.Text(list[0].ID))
			assert.Empty(l, m.Text)
		}
	}
}

func testTexts(l *lab) {
	m := text("a", "Your code is 123456")
	m.Class = provider.OTP
	id := l.add(m)
	shown, err := l.ledger.Message(l.Context(), id)
	require.NoError(l, err)
	assert.Empty(l, shown.Text)
	job, err := l.ledger.Job(l.Context(), id)
	require.NoError(l, err)
	assert.Equal(l, m.Text, job.Message.Text, "it is needed to send it")
	l.run()
	require.Equal(l, ledger.Accepted, l.outcome(id).Status)
	assert.Equal(l, m.Text, l.vendor.Text(id))
	_, err = l.ledger.Job(l.Context(), id)
	require.ErrorIs(l, err, ledger.ErrNotQueued)
}

func testErase(l *lab) {
	id := l.add(text("a", "Hello"))
	_, err := l.ledger.Prune(l.Context())
	require.NoError(l, err)
	m, err := l.ledger.Message(l.Context(), id)
	require.NoError(l, err)
	assert.Equal(l, "Hello", m.Text, "what is queued keeps its text")
	_, err = l.ledger.Erase(l.Context(), "+12125550123")
	require.NoError(l, err)
	assert.Equal(l, ledger.Cancelled, l.status(id))
	assert.Zero(l, l.depth())
}

func testDrain(l *lab) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	l.vendor.Meet(func(string) { close(begun); <-goOn })
	stop := l.run()
	id := l.add(text("a", "Hello"))
	select {
	case <-begun:
	case <-time.After(2 * time.Minute):
		require.Fail(l, "the vendor gets nothing")
	}
	l.vendor.Meet(nil)
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	close(goOn)
	<-stopped
	assert.Equal(l, ledger.Accepted, l.status(id), "what is under way ends before Run does")
}

func testWait(l *lab) {
	id := l.add(text("a", "Hello"))
	var m *ledger.Message
	for d := 10 * time.Millisecond; m == nil && d < time.Minute; d *= 4 { // too short for the first look, perhaps
		ctx, cancel := context.WithTimeout(l.Context(), d)
		var err error
		m, err = l.queue.Wait(ctx, id)
		cancel()
		require.ErrorIs(l, err, context.DeadlineExceeded)
	}
	require.NotNil(l, m)
	assert.Equal(l, ledger.Queued, m.Status)
	_, err := l.queue.Wait(l.Context(), "msg_of-nobody")
	require.ErrorIs(l, err, ledger.ErrNotFound)
}

func testLater(l *lab) {
	id := l.add(text("a", "Hello"))
	require.NoError(l, l.router.Close(l.Context()))
	require.NoError(l, l.ledger.Close())
	var err error
	l.ledger, err = l.open(ledger.Options{})
	require.NoError(l, err)
	l.make(queue.Options{}, &router.Options{})
	l.run()
	assert.Equal(l, ledger.Accepted, l.outcome(id).Status)
}
