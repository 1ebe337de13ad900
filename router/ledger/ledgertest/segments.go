package ledgertest

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

func testSegments(l *lab) {
	l.send("r", "athens", provider.OutcomeAccepted, "A1")
	part := func(n int, s provider.Status) provider.Event {
		e := report("A1", provider.StatusSent)
		e.Final, e.Segment = false, &provider.EventSegment{Number: n, Of: 3, Status: s}
		return e
	}
	l.record("athens", part(3, provider.StatusDelivered), part(1, provider.StatusDelivered))
	assert.Equal(l, ledger.Sent, l.only("r").Status)
	l.record("athens", part(2, provider.StatusDelivered))
	assert.Equal(l, ledger.Delivered, l.only("r").Status)

	l.send("s", "athens", provider.OutcomeAccepted, "A2")
	for n, s := range []provider.Status{provider.StatusDelivered, provider.StatusExpired, provider.StatusUndelivered} {
		e := part(n+1, s)
		e.ID = "A2"
		l.record("athens", e)
	}
	assert.Equal(l, ledger.Undelivered, l.only("s").Status, "the worst final one")
}

// A vendor that gives each segment an id reports about the segments by them. The driver
// knows the message for a while; the ledger does for as long as it keeps it.
func testSegmentIDs(l *lab) {
	attempt := l.send("r", "athens", provider.OutcomeAccepted, "S1,S2")
	l.send("other", "sydney", provider.OutcomeAccepted, "S2")
	other := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
	assert.Equal(l, ledger.Recorded{New: 1}, other.record("athens", report("S2", provider.StatusDelivered)))
	m := l.only("r")
	assert.Equal(l, ledger.Sent, m.Status, "there is another segment")
	assert.Equal(l, "S1,S2", m.ProviderID)
	if assert.Len(l, m.Events, 1) {
		e := m.Events[0]
		assert.Equal(l, attempt, e.Attempt)
		assert.Equal(l, "S1,S2", e.ID)
		assert.Equal(l, provider.StatusSent, e.Status)
		assert.False(l, e.Final)
		assert.Equal(l, &provider.EventSegment{Number: 2, Of: 2, Status: provider.StatusDelivered}, e.Segment)
	}
	placed := report("S1", provider.StatusDelivered).OfSegment("S1,S2", 1, 2)
	assert.Equal(l, ledger.Recorded{New: 1}, other.record("athens", placed), "the driver knew the message")
	assert.Equal(l, ledger.Delivered, l.only("r").Status)
	assert.Equal(l, ledger.Accepted, l.only("other").Status, "another provider's id")
	assert.Equal(l, 1, l.record("athens", report("S3", provider.StatusDelivered)).Unmatched)
}

func testEarlySegments(l *lab) {
	early := []provider.Event{report("S1", provider.StatusExpired), report("S2", provider.StatusDelivered), report("S3", provider.StatusDelivered)}
	assert.Equal(l, 3, l.record("athens", early...).Unmatched)
	l.send("r", "athens", provider.OutcomeAccepted, "S1,S2")
	m := l.only("r")
	assert.Equal(l, ledger.Expired, m.Status)
	if assert.Len(l, m.Events, 2) {
		assert.Equal(l, &provider.EventSegment{Number: 1, Of: 2, Status: provider.StatusExpired}, m.Events[0].Segment)
		assert.Equal(l, &provider.EventSegment{Number: 2, Of: 2, Status: provider.StatusDelivered}, m.Events[1].Segment)
	}

	// The response comes after Send has given up, and after the reports.
	attempt := l.send("late", "athens", provider.OutcomeUnknown, "")
	l.record("athens", report("S4", provider.StatusDelivered), report("S5", provider.StatusDelivered))
	late := report("S4,S5", provider.StatusAccepted)
	late.Attempt = attempt
	assert.Equal(l, 1, l.record("athens", late).Settled)
	assert.Equal(l, ledger.Delivered, l.only("late").Status)
}

// Vendors begin to count again. A report is about the latest message with its id.
func testRepeatedSegmentIDs(l *lab) {
	l.send("first", "athens", provider.OutcomeAccepted, "S1,S2")
	l.send("second", "athens", provider.OutcomeAccepted, "S2,S3")
	l.send("third", "athens", provider.OutcomeAccepted, "S3")
	l.record("athens", report("S2", provider.StatusUndelivered), report("S3", provider.StatusDelivered))
	assert.Equal(l, ledger.Accepted, l.only("first").Status)
	assert.Equal(l, ledger.Undelivered, l.only("second").Status)
	assert.Equal(l, ledger.Delivered, l.only("third").Status)
	l.record("athens", report("S1", provider.StatusExpired))
	assert.Equal(l, ledger.Expired, l.only("first").Status)
}

// The vendor has accepted some segments of a message that is in doubt. Reports about
// them find it, settle nothing, and the rest of the ids may come later.
func testPartialIDs(l *lab) {
	assert.Equal(l, 1, l.record("athens", report("P1", provider.StatusDelivered)).Unmatched, "before the outcome")
	c := l.claim("r", "owner")
	attempt := l.begin(c, "athens")
	doubt := result(attempt, "athens", provider.OutcomeUnknown, "")
	doubt.Attempts[0].ReceiptID = "P1,P2,"
	require.NoError(l, l.Finish(l.Context(), c, doubt))
	other := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
	assert.Equal(l, ledger.Recorded{New: 1}, other.record("athens", report("P2", provider.StatusDelivered)))
	m := l.only("r")
	assert.Equal(l, ledger.Unknown, m.Status, "the third segment may be missing")
	assert.Equal(l, "P1,P2,", m.Attempts[0].ProviderID)
	if assert.Len(l, m.Events, 2) {
		for i, e := range m.Events {
			assert.Equal(l, &provider.EventSegment{Number: i + 1, Of: 3, Status: provider.StatusDelivered}, e.Segment)
		}
	}

	late := report("P1,P2,P3", provider.StatusAccepted)
	late.Attempt = attempt
	assert.Equal(l, 1, other.record("athens", late).Settled)
	assert.Equal(l, ledger.Sent, l.only("r").Status)
	assert.Equal(l, ledger.Recorded{New: 1}, other.record("athens", report("P3", provider.StatusDelivered)))
	m = l.only("r")
	assert.Equal(l, ledger.Delivered, m.Status)
	assert.Equal(l, "P1,P2,P3", m.ProviderID)
}

// Ids that contain what separates them, and ids with a tag that reports do not have.
func testMarkedIDs(l *lab) {
	join := provider.JoinSegmentIDs
	l.send("one", "athens", provider.OutcomeAccepted, join([]string{"a,b"}))
	l.send("two", "athens", provider.OutcomeAccepted, join([]string{"a", "b;c"}))
	l.send("tagged", "athens", provider.OutcomeAccepted, provider.TagID("T1", "Example"))
	for _, ids := range [][]string{{"a,b"}, {"a"}, {"b;c"}, {"T1"}} {
		assert.Equal(l, ledger.Recorded{New: 1}, l.record("athens", report(join(ids), provider.StatusDelivered)), "%q", ids)
	}
	for _, ref := range []string{"one", "two", "tagged"} {
		assert.Equal(l, ledger.Delivered, l.only(ref).Status, ref)
	}
	assert.Len(l, l.only("two").Events, 2)
	assert.Nil(l, l.only("tagged").Events[0].Segment)
}
