package queuetest

import (
	"cmp"
	"net/http"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/guard"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// The tests of messages that were valid when they were queued, and are not any more.

// only is a router whose only route leads to a country.
func only(country string) *router.Options {
	return &router.Options{Routes: []router.Route{
		{Match: router.Match{Countries: []string{country}}, Targets: []router.Target{{Name: "vendor"}}},
	}}
}

// hasty are lanes that give up soon.
func hasty() queue.Options {
	return queue.Options{Lanes: map[provider.Class]queue.Lane{provider.Transactional: {GiveUpAfter: 300 * time.Millisecond}}}
}

// letters lists the dead letters.
func (l *lab) letters(f ledger.DeadFilter) []ledger.DeadLetter {
	l.Helper()
	list, err := l.ledger.DeadLetters(l.Context(), f)
	require.NoError(l, err)
	return list
}

func testRouteGone(l *lab) {
	id := l.add(text("a", "Hello"))
	l.make(queue.Options{}, only("FR"))
	stop := l.run()
	m := l.outcome(id)
	assert.Equal(l, ledger.Refused, m.Status)
	assert.Equal(l, provider.NoRoute, m.Code)
	assert.Empty(l, m.Text)
	list := l.letters(ledger.DeadFilter{Status: ledger.Refused, Code: provider.NoRoute, Class: provider.Transactional})
	require.Len(l, list, 1)
	assert.Equal(l, id, list[0].ID)
	assert.Equal(l, m.Reason, list[0].Reason)
	assert.WithinDuration(l, time.Now(), list[0].Since, time.Minute)
	assert.Empty(l, l.letters(ledger.DeadFilter{Status: ledger.NotSent}))
	stop()

	// Once the route is back, so is the message.
	l.make(queue.Options{}, &router.Options{})
	n, err := l.queue.RetryAll(l.Context(), ledger.DeadFilter{})
	require.NoError(l, err)
	assert.Zero(l, n, "what was refused is put back by its code only")
	n, err = l.queue.RetryAll(l.Context(), ledger.DeadFilter{Code: provider.NoRoute})
	require.NoError(l, err)
	assert.Equal(l, 1, n)
	assert.Equal(l, ledger.Queued, l.status(id))
	l.run()
	assert.Equal(l, ledger.Accepted, l.outcome(id).Status)
	assert.Equal(l, "Hello", l.vendor.Text(id))
	assert.Zero(l, l.depth())
}

func testProviderGone(l *lab) {
	id := l.add(text("a", "Hello"))
	l.provider = "another"
	l.make(queue.Options{}, &router.Options{})
	stop := l.run()
	m := l.outcome(id)
	assert.Equal(l, ledger.Accepted, m.Status)
	assert.Equal(l, "another", m.Provider)
	stop()

	l.make(hasty(), &router.Options{})
	require.NoError(l, l.router.SetOverride("another", router.OverrideOut))
	l.run()
	m = l.outcome(l.add(text("b", "Hello")))
	assert.Equal(l, ledger.NotSent, m.Status)
	assert.Equal(l, provider.Unavailable, m.Code)
	assert.Contains(l, m.Reason, "given up: ")
	assert.Empty(l, m.Attempts)
	require.NoError(l, l.router.SetOverride("another", router.OverrideAuto))
	n, err := l.queue.RetryAll(l.Context(), ledger.DeadFilter{Class: provider.Transactional})
	require.NoError(l, err)
	assert.Equal(l, 1, n)
	assert.Equal(l, ledger.Accepted, l.outcome(m.ID).Status)
}

func testPriceGone(l *lab) {
	l.make(hasty(), &router.Options{})
	id := l.add(text("a", "Hello"))
	g, err := guard.New(guard.Options{Budgets: []guard.Budget{{Max: guard.Limit{Micros: 50_000_000, Currency: "EUR"}, Period: guard.Day}}})
	require.NoError(l, err)
	l.make(hasty(), &router.Options{Guard: g})
	l.run()
	m := l.outcome(id)
	assert.NotEqual(l, ledger.Accepted, m.Status)
	assert.Equal(l, provider.InsufficientFunds, m.Code)
	assert.Contains(l, m.Reason, "has no price for it")
	assert.Zero(l, l.vendor.Total())
	assert.Equal(l, 1, l.depth().Dead)
}

func testOptedOut(l *lab) {
	id := l.add(text("a", "Hello"))
	_, err := l.ledger.OptOut(l.Context(), ledger.OptOut{Number: "+12125550123", Scope: ledger.ScopeAll, Source: ledger.FromAPI})
	require.NoError(l, err)
	_, err = l.queue.Enqueue(l.Context(), text("b", "Hello"))
	assert.Equal(l, provider.OptedOut, provider.CodeOf(err))
	l.run()
	m := l.outcome(id)
	assert.Equal(l, ledger.Refused, m.Status)
	assert.Equal(l, provider.OptedOut, m.Code)
	n, err := l.queue.Retry(l.Context(), id)
	require.NoError(l, err)
	assert.Equal(l, 1, n)
	assert.Equal(l, provider.OptedOut, l.outcome(id).Code, "putting it back does not override the recipient")
	assert.Zero(l, l.vendor.Total())
}

// testRefusedByVendor puts back what the vendor has refused, as its account was topped up.
func testRefusedByVendor(l *lab) {
	l.vendor.Refuse(http.StatusUnprocessableEntity)
	stop := l.run()
	id := l.add(text("a", "Hello"))
	m := l.outcome(id)
	require.Equal(l, ledger.Refused, m.Status, m.Reason)
	stop()
	list := l.letters(ledger.DeadFilter{})
	require.Len(l, list, 1)
	assert.Equal(l, m.Code, list[0].Code)
	l.vendor.Refuse(0)
	n, err := l.queue.Retry(l.Context(), id)
	require.NoError(l, err)
	assert.Equal(l, 1, n)
	l.run()
	after := l.outcome(id)
	assert.Equal(l, ledger.Accepted, after.Status)
	assert.Len(l, after.Attempts, 2)
	assert.Equal(l, 1, l.vendor.Sent(id))
}

func (l *lab) name() string { return cmp.Or(l.provider, "vendor") }
