package ledgertest

import (
	"errors"
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

func (l *lab) optOuts() []ledger.OptOut {
	l.Helper()
	var list []ledger.OptOut
	for o, err := range l.OptOuts(l.Context(), "") {
		require.NoError(l, err)
		list = append(list, o)
	}
	return list
}

// refused reports whether a message to the number would be refused as opted_out.
func (l *lab) refused(change func(*router.Claim)) bool {
	l.Helper()
	l.ids++
	c := l.claim(fmt.Sprint("try-", l.ids), "ann")
	if change != nil {
		change(&c)
	}
	_, err := l.Begin(l.Context(), c)
	if errors.Is(err, provider.OptedOut) {
		page, _, err := l.Messages(l.Context(), ledger.Filter{Ref: c.Ref})
		require.NoError(l, err)
		assert.Empty(l, page, "nothing is claimed")
		return true
	}
	require.NoError(l, err)
	return false
}

func testReplies(l *lab) {
	reply := func(text string) int {
		l.ids++
		return l.record("athens", provider.Event{
			Kind: provider.Inbound, ID: fmt.Sprint("in", l.ids), From: number, To: "12345", Text: text, At: reportTime,
		}).OptOuts
	}
	assert.Zero(l, reply("please stop by at eight"))
	assert.Zero(l, reply("HELP"))
	assert.False(l, l.refused(nil))
	assert.Equal(l, 1, reply(" Stop. "))
	assert.Zero(l, reply("STOP"), "once is enough")
	assert.True(l, l.refused(nil))
	_, err := l.Look(l.Context(), l.claim("look", "ann"))
	require.ErrorIs(l, err, provider.OptedOut)
	err = l.Intent(l.Context(), router.JournalEntry{Key: "k", Attempt: l.NewAttempt(), Message: l.message("")})
	require.ErrorIs(l, err, provider.OptedOut, "without a ref too")
	assert.Equal(l, 1, reply("start"))
	assert.False(l, l.refused(nil))
	assert.Empty(l, l.optOuts())

	narrow := &lab{T: l.T, Ledger: l.open(ledger.Options{OptOutBySender: true}), ids: 100}
	narrow.record("athens", provider.Event{Kind: provider.Inbound, ID: "last", From: number, To: "12345", Text: "STOP"})
	assert.True(l, l.refused(func(c *router.Claim) { c.Message.From = "12345" }))
	assert.False(l, l.refused(nil))

	require.Equal(l, 1, l.record("athens", provider.Event{Kind: provider.Inbound, ID: "again", From: number, To: "12345", Text: "STOP"}).OptOuts)
	code := func(c *router.Claim) { c.Message.Class = provider.OTP }
	lenient := &lab{T: l.T, Ledger: l.open(ledger.Options{OptOutExempt: []provider.Class{provider.OTP}}), ids: 200}
	_, err = lenient.OptOut(l.Context(), ledger.OptOut{Number: number, Scope: ledger.ScopeAll, Source: ledger.FromAPI})
	require.NoError(l, err)
	assert.False(l, lenient.refused(code))
	assert.True(l, lenient.refused(nil))
	_, err = lenient.OptOut(l.Context(), ledger.OptOut{Number: number, Scope: ledger.ScopeClass, Value: "otp", Source: ledger.FromAPI})
	require.NoError(l, err)
	assert.True(l, lenient.refused(code), "who wants no codes gets none")
}

func testScopes(l *lab) {
	add := func(scope ledger.Scope, value string) {
		_, err := l.OptIn(l.Context(), number)
		require.NoError(l, err)
		n, err := l.OptOut(l.Context(), ledger.OptOut{Number: number, Scope: scope, Value: value, Source: ledger.FromAPI})
		require.NoError(l, err)
		assert.Equal(l, 1, n)
	}
	from := func(sender string) func(*router.Claim) { return func(c *router.Claim) { c.Message.From = sender } }
	class := func(k provider.Class) func(*router.Claim) { return func(c *router.Claim) { c.Message.Class = k } }
	at := func(name string) func(*router.Claim) {
		return func(c *router.Claim) { c.Intent = &router.JournalEntry{Provider: name, Attempt: l.NewAttempt()} }
	}
	add(ledger.ScopeSender, "Shop")
	assert.True(l, l.refused(from("Shop")))
	assert.False(l, l.refused(from("Bank")))
	add(ledger.ScopeClass, "marketing")
	assert.True(l, l.refused(class(provider.Marketing)))
	assert.False(l, l.refused(class(provider.OTP)))
	add(ledger.ScopeProvider, "athens")
	assert.True(l, l.refused(at("athens")))
	assert.False(l, l.refused(at("sydney")))
	assert.Len(l, l.optOuts(), 1)

	for _, wrong := range []ledger.OptOut{
		{Number: "12", Scope: ledger.ScopeAll}, {Number: number, Scope: "everything"}, {Number: number, Scope: ledger.ScopeSender},
		{Number: number, Scope: ledger.ScopeAll, Value: "x"},
	} {
		_, err := l.OptOut(l.Context(), wrong)
		require.Error(l, err)
	}
}

func testVendorOptOut(l *lab) {
	c := l.claim("r", "ann")
	id := l.begin(c, "athens")
	r := result(id, "athens", provider.OutcomeRefused, "")
	r.Code, r.Attempts[0].Code = provider.OptedOut, provider.OptedOut
	require.NoError(l, l.Finish(l.Context(), c, r))
	list := l.optOuts()
	require.Len(l, list, 1)
	assert.WithinDuration(l, time.Now(), list[0].At, time.Minute)
	list[0].At = time.Time{}
	assert.Equal(l, ledger.OptOut{Number: number, Scope: ledger.ScopeProvider, Value: "athens", Source: ledger.FromVendor}, list[0])
}

// testRepliesAtOnce: replies that come in one request are heeded in their order.
func testRepliesAtOnce(l *lab) {
	const other = "+306900000001"
	reply := func(from, text string) provider.Event {
		l.ids++
		return provider.Event{Kind: provider.Inbound, ID: fmt.Sprint("in", l.ids), From: from, To: "12345", Text: text, At: reportTime}
	}
	l.record("athens", reply(other, "STOP"), reply(number, "STOP"), reply(number, "START"))
	list := l.optOuts()
	require.Len(l, list, 1)
	assert.Equal(l, other, list[0].Number)
	l.record("athens", reply(other, "START"), reply(other, "STOP"))
	assert.Len(l, l.optOuts(), 1, "the last word counts")

	n, err := l.OptOut(l.Context(),
		ledger.OptOut{Number: number, Scope: ledger.ScopeClass, Value: "otp", Source: ledger.FromAPI},
		ledger.OptOut{Number: number, Scope: ledger.ScopeClass, Value: "marketing", Source: ledger.FromAPI},
		ledger.OptOut{Number: number, Scope: ledger.ScopeSender, Value: "otp", Source: ledger.FromAPI},
		ledger.OptOut{Number: number, Scope: ledger.ScopeClass, Value: "otp", Source: ledger.FromImport})
	require.NoError(l, err)
	assert.Equal(l, 3, n, "each scope by its value")
	assert.Len(l, l.optOuts(), 4)
}
