package ledgertest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

func testLists(l *lab) {
	for i := range 7 {
		name := []string{"athens", "sydney"}[i%2]
		l.send(fmt.Sprint("r", i), name, provider.OutcomeAccepted, fmt.Sprint("A", i))
		time.Sleep(2 * time.Millisecond) // ids begin with the millisecond
	}
	l.record("athens", report("A2", provider.StatusDelivered))
	for _, tt := range []struct {
		name   string
		filter ledger.Filter
		want   int
	}{
		{"all", ledger.Filter{}, 7},
		{"provider", ledger.Filter{Provider: "sydney"}, 3},
		{"status", ledger.Filter{Status: ledger.Delivered}, 1},
		{"ref", ledger.Filter{Ref: "r3"}, 1},
		{"number", ledger.Filter{To: number}, 7},
		{"another number", ledger.Filter{To: "+306900000000"}, 0},
		{"class", ledger.Filter{Class: provider.OTP}, 0},
		{"tag", ledger.Filter{Tag: "test"}, 7},
		{"since", ledger.Filter{Since: time.Now().Add(time.Hour)}, 0},
		{"until", ledger.Filter{Until: time.Now().Add(time.Hour)}, 7},
		{"hostile", ledger.Filter{Ref: "'; DROP TABLE anysms_messages; --\x00"}, 0},
	} {
		page, _, err := l.Messages(l.Context(), tt.filter)
		require.NoError(l, err, tt.name)
		assert.Len(l, page, tt.want, tt.name)
	}
	var refs []string
	for f := (ledger.Filter{Limit: 3}); ; {
		page, next, err := l.Messages(l.Context(), f)
		require.NoError(l, err)
		for _, m := range page {
			refs = append(refs, m.Ref)
		}
		if next == "" {
			break
		}
		f.Cursor = next
	}
	assert.Equal(l, []string{"r6", "r5", "r4", "r3", "r2", "r1", "r0"}, refs)
	_, _, err := l.Messages(l.Context(), ledger.Filter{Limit: 1000})
	require.ErrorContains(l, err, "limit 1000; want 1 to 500")
}

func testTexts(l *lab) {
	l.send("final", "athens", provider.OutcomeAccepted, "A1")
	assert.NotEmpty(l, l.only("final").Text)
	l.record("athens", report("A1", provider.StatusDelivered))
	assert.Empty(l, l.only("final").Text, "at a final status")

	l.send("open", "athens", provider.OutcomeAccepted, "A2")
	soon := l.open(ledger.Options{Settle: time.Nanosecond})
	pruned, err := soon.Prune(l.Context())
	require.NoError(l, err)
	assert.Equal(l, 1, pruned.Texts)
	assert.Empty(l, l.only("open").Text, "a time after the last attempt")

	code := l.claim("code", "ann")
	code.Message.Class = provider.OTP
	l.begin(code, "athens")
	assert.Empty(l, l.only("code").Text, "texts of one-time codes are not kept")

	keep := &lab{T: l.T, Ledger: l.open(ledger.Options{KeepTexts: true})}
	keep.send("kept", "athens", provider.OutcomeAccepted, "A3")
	keep.record("athens", report("A3", provider.StatusDelivered))
	assert.NotEmpty(l, keep.only("kept").Text)
}

func testErase(l *lab) {
	l.send("r", "athens", provider.OutcomeAccepted, "A1")
	l.record("athens",
		provider.Event{Kind: provider.Inbound, ID: "in", From: number, To: "12345", Text: "STOP", InReplyTo: "A1"},
		provider.Event{Kind: provider.Inbound, ID: "in2", From: number, To: "12345", Text: "a secret"})
	n, err := l.Erase(l.Context(), number)
	require.NoError(l, err)
	assert.Equal(l, 1, n)
	m := l.only("r")
	assert.Empty(l, m.To)
	assert.Empty(l, m.Text)
	require.Len(l, m.Events, 1)
	assert.Empty(l, m.Events[0].From+m.Events[0].Text)
	assert.Len(l, l.optOuts(), 1, "the wish to get no messages stays")
	again, err := l.Erased(l.Context(), number)
	require.NoError(l, err)
	assert.Equal(l, 1, again, "a keyed tombstone stays")
	prior, err := l.Look(l.Context(), l.claim("r", "bob"))
	require.NoError(l, err)
	assert.Equal(l, provider.OutcomeAccepted, prior.Status, "what was sent is still known")
}

// testEraseMany erases more than fits in one part, and what comes later about what was erased.
func testEraseMany(l *lab) {
	const many = 130
	var events []provider.Event
	for i := range many {
		l.send(fmt.Sprint("r-", i), "athens", provider.OutcomeAccepted, fmt.Sprint("A", i))
		events = append(events, provider.Event{Kind: provider.Inbound, ID: fmt.Sprint("in-", i), From: number, To: "12345", Text: "a secret"})
	}
	l.record("athens", events...)
	n, err := l.Erase(l.Context(), number)
	require.NoError(l, err)
	assert.Equal(l, many, n)
	l.record("athens", provider.Event{Kind: provider.Inbound, ID: "later", From: "+306900000000", Text: "a secret", InReplyTo: "A0"})
	n, err = l.Erase(l.Context(), number)
	require.NoError(l, err)
	assert.Zero(l, n)
	left := 0
	require.NoError(l, l.Database().Read(l.Context(), func(tx ledger.Tx) error {
		return tx.Query(l.Context(), func(scan func(...any) error) error { return scan(&left) },
			"SELECT (SELECT count(*) FROM anysms_events WHERE peer <> '' OR detail <> '') + (SELECT count(*) FROM anysms_messages WHERE recipient <> '' OR body <> '')")
	}))
	assert.Zero(l, left)
	erased, err := l.Erased(l.Context(), number)
	require.NoError(l, err)
	assert.Equal(l, many, erased)
}

func testPrune(l *lab) {
	old := l.claim("old", "ann")
	old.Keep = time.Millisecond
	id := l.begin(old, "athens")
	require.NoError(l, l.Finish(l.Context(), old, result(id, "athens", provider.OutcomeAccepted, "A1")))
	time.Sleep(5 * time.Millisecond) // so that the ref need not be remembered any more
	l.send("remembered", "athens", provider.OutcomeAccepted, "A2")
	l.begin(l.claim("open", "ann"), "athens")
	l.record("athens", report("A1", provider.StatusDelivered), report("nobody's", provider.StatusSent))
	short := l.open(ledger.Options{Retention: time.Nanosecond})
	pruned, err := short.Prune(l.Context())
	require.NoError(l, err)
	assert.Equal(l, 1, pruned.Messages)
	assert.Equal(l, 2, pruned.Events)
	page, _, err := l.Messages(l.Context(), ledger.Filter{})
	require.NoError(l, err)
	require.Len(l, page, 2)
	assert.ElementsMatch(l, []string{"open", "remembered"}, refsOf(page), "what is under way stays, and what a Ref stands for")
	never := l.open(ledger.Options{Retention: -1})
	pruned, err = never.Prune(l.Context())
	require.NoError(l, err)
	assert.Zero(l, pruned.Messages)
}

func testStats(l *lab) {
	l.send("a", "athens", provider.OutcomeAccepted, "A1")
	l.send("b", "athens", provider.OutcomeAccepted, "A2")
	l.send("c", "athens", provider.OutcomeNotSent, "")
	l.send("d", "sydney", provider.OutcomeUnknown, "")
	l.record("athens", report("A1", provider.StatusDelivered), report("A2", provider.StatusUndelivered))
	stats, err := l.Stats(l.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	require.NoError(l, err)
	require.Len(l, stats, 2)
	a := stats[0]
	assert.Equal(l, "athens", a.Provider)
	assert.Equal(l, "GR", a.Country)
	assert.Equal(l, time.Now().UTC().Format(time.DateOnly), a.Day)
	assert.Equal(l, []int{3, 2, 0, 1, 0}, []int{a.Attempts, a.Accepted, a.Refused, a.NotSent, a.Unknown})
	assert.Equal(l, []int{1, 1}, []int{a.Delivered, a.Failed})
	assert.InDelta(l, 0.5, a.DeliveryRate(), 0.001)
	assert.Equal(l, 7*time.Millisecond, a.Latency)
	assert.Positive(l, a.DeliveryP50)
	assert.Equal(l, a.DeliveryP50, a.DeliveryP95, "of one message")
	assert.Zero(l, stats[1].DeliveryP50)
	assert.Equal(l, 1, stats[1].Unknown)
}

func testCursors(l *lab) {
	c, err := l.Cursor(l.Context(), "inbox athens")
	require.NoError(l, err)
	assert.Empty(l, c)
	in := provider.Event{Kind: provider.Inbound, ID: "in", From: number, Text: "hello"}
	counts, err := l.RecordAt(l.Context(), "athens", "inbox athens", "page 2", in)
	require.NoError(l, err)
	assert.Equal(l, 1, counts.New)
	c, err = l.Cursor(l.Context(), "inbox athens")
	require.NoError(l, err)
	assert.Equal(l, "page 2", c)
}

func testTokens(l *lab) {
	first, err := l.CallbackTokens(l.Context(), "athens")
	require.NoError(l, err)
	require.Len(l, first, 1)
	again, err := l.CallbackTokens(l.Context(), "athens")
	require.NoError(l, err)
	assert.Equal(l, first, again)
	other, err := l.CallbackTokens(l.Context(), "sydney")
	require.NoError(l, err)
	assert.NotEqual(l, first[0].Value, other[0].Value)
	for range 2 {
		_, err = l.RotateCallbackToken(l.Context(), "athens")
		require.NoError(l, err)
	}
	all, err := l.CallbackTokens(l.Context(), "athens")
	require.NoError(l, err)
	require.Len(l, all, 3)
	assert.Zero(l, all[0].Until)
	assert.Contains(l, []string{all[1].Value, all[2].Value}, first[0].Value)
	_, err = l.CallbackTokens(l.Context(), "")
	require.ErrorContains(l, err, "must not be empty")
}
