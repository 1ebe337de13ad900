package ledgertest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// testConstantID is about a vendor that gives every message the same id: a report belongs
// to the latest of them, unless it says more.
func testConstantID(l *lab) {
	first := l.send("first", "athens", provider.OutcomeAccepted, "0")
	l.send("elsewhere", "berlin", provider.OutcomeAccepted, "0")
	l.send("last", "athens", provider.OutcomeAccepted, "0")
	l.send("later elsewhere", "berlin", provider.OutcomeAccepted, "0")
	l.record("athens", report("0", provider.StatusDelivered))
	assert.Equal(l, ledger.Delivered, l.only("last").Status)
	assert.Equal(l, ledger.Accepted, l.only("first").Status)
	assert.Equal(l, ledger.Accepted, l.only("later elsewhere").Status)
	e := report("0", provider.StatusExpired)
	e.Attempt = first
	l.record("athens", e)
	assert.Equal(l, ledger.Expired, l.only("first").Status)
	assert.Equal(l, ledger.Delivered, l.only("last").Status)
}

func testEarly(l *lab) {
	counts := l.record("athens", report("A1", provider.StatusDelivered), report("A1", provider.StatusSent))
	assert.Equal(l, ledger.Recorded{New: 2, Unmatched: 2}, counts)
	l.send("r", "athens", provider.OutcomeAccepted, "A1")
	m := l.only("r")
	assert.Equal(l, ledger.Delivered, m.Status)
	assert.Len(l, m.Events, 2)
	l.record("athens", report("A1", provider.StatusQueued))
	assert.Equal(l, ledger.Delivered, l.only("r").Status, "a late word changes nothing")
}

func testRepeated(l *lab) {
	l.send("r", "athens", provider.OutcomeAccepted, "A1")
	e := report("A1", provider.StatusUndelivered)
	assert.Equal(l, ledger.Recorded{New: 1, Repeated: 1}, l.record("athens", e, e))
	assert.Equal(l, ledger.Recorded{Repeated: 1}, l.record("athens", e))
	later := e
	later.At = e.At.Add(time.Minute)
	later.Status = provider.StatusExpired
	assert.Equal(l, 1, l.record("athens", later).New)
	m := l.only("r")
	assert.Equal(l, ledger.Expired, m.Status)
	assert.Len(l, m.Events, 2)
	other := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
	assert.Equal(l, ledger.Recorded{Repeated: 1}, other.record("athens", e), "in another process too")
}

func testUnmatched(l *lab) {
	assert.Equal(l, 1, l.record("athens", report("nobody's", provider.StatusDelivered)).Unmatched)
	e := provider.Event{Kind: provider.Report, Status: provider.StatusDelivered, From: number, To: number, At: reportTime}
	l.send("r", "athens", provider.OutcomeAccepted, "A1")
	assert.Equal(l, 1, l.record("athens", e).Unmatched, "number and time prove nothing")
	n, err := l.Unmatched(l.Context())
	require.NoError(l, err)
	assert.Equal(l, 2, n)
}

func testContradiction(l *lab) {
	id := l.send("r", "athens", provider.OutcomeNotSent, "")
	counts := l.record("athens", provider.Event{Kind: provider.Report, Attempt: id, Status: provider.StatusDelivered, Final: true, At: reportTime})
	assert.Equal(l, 1, counts.Contradicting)
	m := l.only("r")
	assert.True(l, m.Attempts[0].Contradicted)
	assert.Equal(l, ledger.Delivered, m.Status)
	prior, err := l.Begin(l.Context(), l.claim("r", "bob"))
	require.NoError(l, err)
	require.NotNil(l, prior, "and it is not sent again")
}

func testOtherProvider(l *lab) {
	id := l.send("r", "athens", provider.OutcomeUnknown, "")
	counts := l.record("sydney", provider.Event{Kind: provider.Report, Attempt: id, Ref: "r", Status: provider.StatusDelivered, Final: true})
	assert.Equal(l, 1, counts.Unmatched)
	assert.Equal(l, ledger.Unknown, l.only("r").Status)
}

func testHostileValues(l *lab) {
	hostile := "a\x00b\xffc\u2028'\";--"
	id := l.send("r", "athens", provider.OutcomeAccepted, hostile)
	l.record("athens", provider.Event{
		Kind: provider.Report, ID: hostile, Ref: hostile, Attempt: hostile, Status: provider.StatusDelivered, Final: true,
		VendorStatus: hostile, VendorCode: hostile, From: hostile, To: hostile, Text: hostile, Extra: map[string]string{hostile: hostile},
	})
	m := l.only("r")
	assert.Equal(l, ledger.Delivered, m.Status)
	assert.Equal(l, id, m.Events[0].Attempt)
	_, err := l.Begin(l.Context(), l.claim(hostile, "ann"))
	assert.Equal(l, provider.InvalidMessage, provider.CodeOf(err))
	_, err = l.Begin(l.Context(), l.claim("good", "ann"))
	require.NoError(l, err)
}

// What a vendor says of a message is shown, and must not show whom it went to.
func testWords(l *lab) {
	l.send("r", "athens", provider.OutcomeAccepted, "A1")
	e := report("A1", provider.StatusUndelivered)
	e.VendorStatus, e.VendorCode = "no route to +30 694 123 4567 (code 21408)", number
	assert.Equal(l, ledger.Recorded{New: 1, Repeated: 1}, l.record("athens", e, e))
	m := l.only("r")
	assert.Equal(l, "no route to +*** (code 21408)", m.Events[0].VendorStatus)
	assert.Equal(l, "+***", m.Events[0].VendorCode)
}

func testMany(l *lab) {
	const n = 2000
	events := make([]provider.Event, n)
	for i := range events {
		events[i] = report(fmt.Sprint("A", i), provider.StatusDelivered)
	}
	counts := l.record("athens", append(events, events...)...)
	assert.Equal(l, ledger.Recorded{New: n, Repeated: n, Unmatched: n}, counts)
}
