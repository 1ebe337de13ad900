// Package ledgertest has the tests that a ledger must pass over every database.
package ledgertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/storetest"
)

// Harness says how the tests get their ledgers.
type Harness struct {
	// New returns a function that opens the ledger of a new, empty database; each
	// call stands for another process.
	New func(t *testing.T) func(ledger.Options) (*ledger.Ledger, error)
}

// Run runs the tests.
func Run(t *testing.T, h Harness) {
	t.Run("store", func(t *testing.T) {
		storetest.Run(t, storetest.Harness{Open: func(t *testing.T, _ string) router.Store {
			return opener(t, h.New(t))(ledger.Options{})
		}})
	})
	for name, test := range map[string]func(*lab){
		"a message with a ref":          testMessage,
		"a message without a ref":       testWithoutRef,
		"runs that end":                 testRuns,
		"late outcomes":                 testLateOutcomes,
		"late doubt":                    testLateDoubt,
		"sends cut short":               testAbandoned,
		"many sends cut short":          testManyAbandoned,
		"others at work":                testOthersAtWork,
		"refs that are free again":      testFreed,
		"claims without a message":      testBare,
		"which attempt was accepted":    testWhichAttempt,
		"reports settle doubt":          testDoubt,
		"leases":                        testLease,
		"reports by ref":                testRefs,
		"one id for every message":      testConstantID,
		"reports come early":            testEarly,
		"reports come again":            testRepeated,
		"reports about segments":        testSegments,
		"ids of segments":               testSegmentIDs,
		"ids of segments come early":    testEarlySegments,
		"ids of a part":                 testPartialIDs,
		"ids with marks and tags":       testMarkedIDs,
		"ids of segments come again":    testRepeatedSegmentIDs,
		"reports match nothing":         testUnmatched,
		"reports contradict":            testContradiction,
		"reports of another provider":   testOtherProvider,
		"what cannot be read":           testUnreadable,
		"an item cannot be read":        testUnreadableItem,
		"values that no database takes": testHostileValues,
		"words with a number":           testWords,
		"many events at once":           testMany,
		"opt-outs by reply":             testReplies,
		"opt-outs by reply at once":     testRepliesAtOnce,
		"opt-outs by scope":             testScopes,
		"opt-outs by vendors":           testVendorOptOut,
		"lists":                         testLists,
		"searches":                      testSearch,
		"settled by hand":               testResolve,
		"texts are erased":              testTexts,
		"numbers are erased":            testErase,
		"many messages are erased":      testEraseMany,
		"old messages are pruned":       testPrune,
		"statistics":                    testStats,
		"sums that are kept":            testSums,
		"what a vendor has reported":    testReported,
		"prices":                        testPrices,
		"prices in any order":           testPriceOrder,
		"prices of segments":            testSegmentPrices,
		"prices summed up":              testPriceStats,
		"cursors":                       testCursors,
		"late proof":                    testLateProof,
		"late proof of one":             testLateProofOfOne,
		"which message is meant":        testMatching,
		"what is said is kept":          testKept,
		"entries of a journal":          testJournalEntries,
		"callback tokens at once":       testTokensAtOnce,
		"a damaged feed":                testFeedDamaged,
		"statistics of what goes on":    testUnderWayStats,
		"full pages":                    testPages,
		"jobs":                          testJob,
		"queued messages":               testQueued,
		"unreadable queued messages":    testUnreadableJobs,
		"who sends a queued message":    testQueuedClaim,
		"messages queued again":         testQueuedAgain,
		"messages cancelled":            testCancel,
		"queued beside a caller's rows": testEnqueueIn,
		"dead letters":                  testDeadLetters,
		"texts of dead letters":         testDeadTexts,
		"depths of the queue":           testDepths,
		"who is woken":                  testWake,
		"watches":                       testWatch,
		"refs like ids":                 testRefsLikeIDs,
		"feed":                          testFeed,
		"feed is pruned":                testFeedPruned,
		"callback tokens":               testTokens,
		"another key":                   testKey,
		"a journal by itself":           testJournal,
		"a closed ledger":               testClosed,
		"contexts end":                  testContext,
	} {
		t.Run(name, func(t *testing.T) {
			try := h.New(t)
			open := opener(t, try)
			test(&lab{T: t, open: open, try: try, Ledger: open(ledger.Options{})})
		})
	}
}

// opener opens ledgers that are closed when the test ends.
func opener(t *testing.T, try func(ledger.Options) (*ledger.Ledger, error)) func(ledger.Options) *ledger.Ledger {
	return func(o ledger.Options) *ledger.Ledger {
		t.Helper()
		l, err := try(o)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		return l
	}
}

func testMessage(l *lab) {
	c := l.claim("r", "ann")
	id := l.begin(c, "athens")
	m := l.only("r")
	assert.Equal(l, ledger.Sending, m.Status)
	assert.Equal(l, number, m.To)
	assert.Equal(l, "GR", m.Country)
	assert.Equal(l, "a secret text", m.Text)
	require.Len(l, m.Attempts, 1)
	assert.Equal(l, id, m.Attempts[0].ID)

	next := l.NewAttempt()
	refused := router.Attempt{ID: id, Provider: "athens", Outcome: provider.OutcomeRefused, Code: provider.NoRoute}
	c.Intent = &router.JournalEntry{Key: "r", Provider: "sydney", Attempt: next, Attempts: []router.Attempt{refused}}
	_, err := l.Begin(l.Context(), c)
	require.NoError(l, err)
	m = l.only("r")
	assert.Equal(l, ledger.Sending, m.Status)
	assert.Equal(l, provider.OutcomeRefused, m.Attempts[0].Outcome, "the intent says what became of the attempt before")

	r := result(next, "sydney", provider.OutcomeAccepted, "S1")
	r.Attempts = append([]router.Attempt{refused}, r.Attempts...)
	r.Cost = &router.Cost{Money: provider.Money{Micros: 87_000, Currency: "AUD"}}
	require.NoError(l, l.Finish(l.Context(), c, r))
	m = l.only("r")
	assert.Equal(l, ledger.Accepted, m.Status)
	assert.Equal(l, "sydney", m.Provider)
	assert.Equal(l, "S1", m.ProviderID)
	assert.Equal(l, "0.087", m.Cost.Amount())
	require.Len(l, m.Attempts, 2)
	assert.Equal(l, 7*time.Millisecond, m.Attempts[1].Duration)
	assert.NotContains(l, fmt.Sprintf("%v %+v %#v", m, *m, m), number)
	assert.NotContains(l, fmt.Sprintf("%v %+v %#v", m, *m, m), "secret")
}

func testWithoutRef(l *lab) {
	id := l.NewAttempt()
	e := router.JournalEntry{Key: "k", Provider: "athens", Attempt: id, Message: l.message("")}
	require.NoError(l, l.Intent(l.Context(), e))
	e.Outcome, e.Result = provider.OutcomeAccepted, result(id, "athens", provider.OutcomeAccepted, "A1")
	require.NoError(l, l.Outcome(l.Context(), e))
	l.record("athens", report("A1", provider.StatusDelivered))
	page, _, err := l.Messages(l.Context(), ledger.Filter{To: number})
	require.NoError(l, err)
	require.Len(l, page, 1)
	assert.Equal(l, ledger.Delivered, page[0].Status)
	found, err := l.Find(l.Context(), "k", "")
	require.NoError(l, err)
	assert.Empty(l, found, "the same text to the same number may be meant again")
}

func testRuns(l *lab) {
	other := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
	id := other.begin(l.claim("r", "ann"), "athens")
	_, err := l.Look(l.Context(), l.claim("r", "bob"))
	require.ErrorIs(l, err, router.ErrInFlight)
	require.NoError(l, other.Close())

	prior, err := l.Look(l.Context(), l.claim("r", "bob"))
	require.NoError(l, err)
	require.NotNil(l, prior)
	assert.Equal(l, provider.OutcomeUnknown, prior.Status)
	assert.Equal(l, id, prior.Attempts[0].ID)
	require.NoError(l, l.Recover(l.Context()))
	assert.Equal(l, ledger.Unknown, l.only("r").Status)
	assert.Equal(l, 1, l.record("athens", provider.Event{Kind: provider.Report, Attempt: id, Status: provider.StatusSent}).Settled)
	prior, err = l.Begin(l.Context(), l.claim("r", "bob"))
	require.NoError(l, err)
	assert.Equal(l, provider.OutcomeAccepted, prior.Status)
}

func testLateOutcomes(l *lab) {
	for _, o := range []provider.Outcome{provider.OutcomeAccepted, provider.OutcomeRefused, provider.OutcomeNotSent} {
		ref := string(o)
		slow := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
		ann, bob := l.claim(ref, "ann"), l.claim(ref, "bob")
		id := slow.begin(ann, "athens")
		require.NoError(l, slow.Close()) // its lock is lost, as when its connection is
		prior, err := l.Begin(l.Context(), bob)
		require.NoError(l, err)
		assert.Equal(l, provider.OutcomeUnknown, prior.Status)
		require.NoError(l, l.Finish(l.Context(), bob, &router.Result{Status: provider.OutcomeUnknown, Attempts: prior.Attempts}))
		assert.Equal(l, ledger.Unknown, l.only(ref).Status)
		err = l.Finish(l.Context(), ann, result(id, "athens", o, "id-"+ref))
		require.ErrorIs(l, err, router.ErrNotOwner)
		assert.Equal(l, ledger.Status(o), l.only(ref).Status, "the outcome of its owner is proof")
	}
}

func testDoubt(l *lab) {
	for i, find := range []func(id string) provider.Event{
		func(id string) provider.Event { return provider.Event{Attempt: id} },
		func(string) provider.Event { return provider.Event{Ref: "r1"} },
		func(string) provider.Event { return provider.Event{ID: "V2"} },
	} {
		ref, known := fmt.Sprint("r", i), ""
		if i == 2 {
			known = "V2" // a reply that could not be read to its end
		}
		id := l.send(ref, "athens", provider.OutcomeUnknown, "")
		if known != "" {
			c := l.claim(ref, "bob")
			_, err := l.Begin(l.Context(), c)
			require.NoError(l, err)
			r := result(id, "athens", provider.OutcomeAccepted, known)
			r.Attempts[0].Earlier, r.Attempts[0].Reconciled = true, true
			require.NoError(l, l.Finish(l.Context(), c, r))
		}
		prior, err := l.Look(l.Context(), l.claim(ref, "cat"))
		require.NoError(l, err)
		require.NotNil(l, prior)
		e := find(id)
		e.Kind, e.Status, e.Final, e.At = provider.Report, provider.StatusDelivered, true, reportTime
		counts := l.record("athens", e)
		assert.Equal(l, 1, counts.New)
		assert.Zero(l, counts.Unmatched)
		assert.Equal(l, ledger.Delivered, l.only(ref).Status)
		prior, err = l.Begin(l.Context(), l.claim(ref, "cat"))
		require.NoError(l, err)
		assert.Equal(l, provider.OutcomeAccepted, prior.Status, "for every claim")
	}
}

// A report with our Ref may have another id than the receipt.
func testRefs(l *lab) {
	l.send("r", "athens", provider.OutcomeAccepted, "A1")
	e := report("part-2", provider.StatusDelivered)
	e.Ref = "r"
	assert.Zero(l, l.record("athens", e).Unmatched)
	assert.Equal(l, ledger.Delivered, l.only("r").Status)
	assert.Equal(l, "A1", l.only("r").ProviderID)
	l.send("s", "athens", provider.OutcomeAccepted, "A2")
	e = report("A2", provider.StatusExpired) // the id says more than a ref that was used again
	e.Ref = "r"
	l.record("athens", e)
	assert.Equal(l, ledger.Expired, l.only("s").Status)
}

func testResolve(l *lab) {
	l.send("yes", "athens", provider.OutcomeUnknown, "")
	l.send("no", "athens", provider.OutcomeUnknown, "")
	l.send("done", "athens", provider.OutcomeAccepted, "A1")
	require.NoError(l, l.Resolve(l.Context(), l.only("yes").ID, provider.OutcomeAccepted))
	require.NoError(l, l.Resolve(l.Context(), l.only("no").ID, provider.OutcomeNotSent))
	require.ErrorContains(l, l.Resolve(l.Context(), l.only("done").ID, provider.OutcomeNotSent), "is accepted")
	require.ErrorIs(l, l.Resolve(l.Context(), "msg_none", provider.OutcomeNotSent), ledger.ErrNotFound)
	assert.Equal(l, ledger.Accepted, l.only("yes").Status)
	assert.Equal(l, ledger.NotSent, l.only("no").Status)
	prior, err := l.Begin(l.Context(), l.claim("no", "bob"))
	require.NoError(l, err)
	assert.Nil(l, prior, "it may be sent again")
}

func testKey(l *lab) {
	_, err := l.try(ledger.Options{Key: make([]byte, 32)})
	require.ErrorIs(l, err, ledger.ErrWrongKey)
	_, err = l.try(ledger.Options{Key: []byte("short")})
	require.ErrorContains(l, err, "the key has 5 bytes; want at least 32")
}

func testJournal(l *lab) {
	id := l.NewAttempt()
	e := router.JournalEntry{Key: "r", Fingerprint: "f", Provider: "athens", Attempt: id, Message: l.message("r")}
	require.NoError(l, l.Intent(l.Context(), e))
	entries, err := l.Find(l.Context(), "r", "f")
	require.NoError(l, err)
	require.Len(l, entries, 2)
	assert.Equal(l, id, entries[0].Attempt)
	_, err = l.Find(l.Context(), "r", "other")
	require.ErrorIs(l, err, router.ErrRefReused)
	e.Outcome, e.ID, e.Result = provider.OutcomeAccepted, "A1", result(id, "athens", provider.OutcomeAccepted, "A1")
	require.NoError(l, l.Outcome(l.Context(), e))
	entries, err = l.Find(l.Context(), "r", "f")
	require.NoError(l, err)
	require.Len(l, entries, 1)
	assert.Equal(l, "A1", entries[0].ID)
	assert.Equal(l, ledger.Accepted, l.only("r").Status)
}

func testClosed(l *lab) {
	require.NoError(l, l.Close())
	require.NoError(l, l.Close())
	_, err := l.Begin(context.Background(), l.claim("r", "ann"))
	require.ErrorIs(l, err, ledger.ErrClosed)
}

func testContext(l *lab) {
	ctx, cancel := context.WithCancel(l.Context())
	cancel()
	_, err := l.Begin(ctx, l.claim("r", "ann"))
	require.ErrorIs(l, err, context.Canceled)
	_, err = l.Look(ctx, l.claim("r", "ann"))
	require.ErrorIs(l, err, context.Canceled)

	c := l.claim("sent", "ann")
	id := l.begin(c, "athens")
	require.NoError(l, l.Finish(ctx, c, result(id, "athens", provider.OutcomeAccepted, "A1")))
	assert.Equal(l, ledger.Accepted, l.only("sent").Status, "what was sent is recorded all the same")
}
