package ledgertest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// testLateProof: who lost the claim proves what became of its own attempts, and of no other.
func testLateProof(l *lab) {
	for _, o := range []provider.Outcome{provider.OutcomeNotSent, provider.OutcomeRefused} {
		slow := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
		ann, bob := l.claim(string(o), "ann"), l.claim(string(o), "bob")
		id := slow.begin(ann, "athens")
		require.NoError(l, slow.Close()) // its lock is lost, as when its connection is
		next := l.begin(bob, "sydney")
		prior, err := l.Begin(l.Context(), bob)
		require.NoError(l, err)
		require.Len(l, prior.Attempts, 1, "its own attempts are no news to an owner")
		assert.Equal(l, id, prior.Attempts[0].ID)
		require.NoError(l, l.Finish(l.Context(), bob, result(next, "sydney", provider.OutcomeUnknown, "")))
		late := result(id, "athens", o, "")
		late.Attempts = nil
		require.ErrorIs(l, l.Finish(l.Context(), ann, late), router.ErrNotOwner)
		m := l.only(string(o))
		assert.Equal(l, ledger.Unknown, m.Status, "sydney may have it")
		assert.Equal(l, []provider.Outcome{o, provider.OutcomeUnknown}, []provider.Outcome{m.Attempts[0].Outcome, m.Attempts[1].Outcome})
		prior, err = l.Look(l.Context(), l.claim(string(o), "cat"))
		require.NoError(l, err)
		assert.Len(l, prior.Attempts, 2, "of all owners")
	}
}

// testLateProofOfOne: two have lost the claim one after the other, and one of them proves
// what became of its attempt.
func testLateProofOfOne(l *lab) {
	owners := []string{"ann", "bob"}
	var ids []string
	for _, owner := range owners {
		slow := &lab{T: l.T, Ledger: l.open(ledger.Options{})}
		ids = append(ids, slow.begin(l.claim("r", owner), "athens"))
		require.NoError(l, slow.Close()) // its lock is lost, as when its connection is
	}
	require.NoError(l, l.Recover(l.Context()))
	late := result(ids[0], "athens", provider.OutcomeNotSent, "")
	late.Attempts = nil
	require.ErrorIs(l, l.Finish(l.Context(), l.claim("r", owners[0]), late), router.ErrNotOwner)
	m := l.only("r")
	assert.Equal(l, ledger.Unknown, m.Status)
	assert.Equal(l, []provider.Outcome{provider.OutcomeNotSent, provider.OutcomeUnknown}, []provider.Outcome{m.Attempts[0].Outcome, m.Attempts[1].Outcome})
}

// testMatching: what an event says of its message, as far as it is true.
func testMatching(l *lab) {
	l.record("sydney", report("A1", provider.StatusDelivered))
	l.send("r", "athens", provider.OutcomeAccepted, "A1")
	assert.Equal(l, ledger.Accepted, l.only("r").Status, "another provider's message has the same id")
	l.send("s", "sydney", provider.OutcomeAccepted, "A1")
	assert.Equal(l, ledger.Delivered, l.only("s").Status)

	e := report("A1", provider.StatusSent)
	e.Attempt = l.NewAttempt()
	assert.Zero(l, l.record("athens", e).Unmatched, "it has an id that is known beside one that is not")
	assert.Equal(l, ledger.Sent, l.only("r").Status)

	attempt := l.send("doubt", "athens", provider.OutcomeUnknown, "")
	part := report("P1", provider.StatusSent)
	part.Attempt, part.Segment = attempt, &provider.EventSegment{Number: 1, Of: 2, Status: provider.StatusDelivered}
	assert.Equal(l, 1, l.record("athens", part).Settled)
	assert.Empty(l, l.only("doubt").Attempts[0].ProviderID, "the id of a segment is not that of the message")

	assert.Zero(l, l.record("athens"))
	_, err := l.RecordAt(l.Context(), "athens", "inbox athens", "page 7")
	require.NoError(l, err)
	at, err := l.Cursor(l.Context(), "inbox athens")
	require.NoError(l, err)
	assert.Equal(l, "page 7", at, "a page may be empty")
}

// testKept compares a message with what was said of it, as another process reads it.
func testKept(l *lab) {
	for _, possible := range []bool{false, true} {
		ref := fmt.Sprint(possible)
		c := l.claim(ref, "ann")
		r := result(l.begin(c, "athens"), "athens", provider.OutcomeAccepted, "A1")
		r.DuplicatePossible, r.Attempts[0].Reconciled, r.Encoding, r.Segments = possible, possible, "ucs2", 3
		r.Attempts[0].VendorCode = "7"
		if possible {
			r.Ignored = []string{"from", "validity"}
		}
		require.NoError(l, l.Finish(l.Context(), c, r))
		m := (&lab{T: l.T, Ledger: l.open(ledger.Options{})}).only(ref)
		assert.Equal(l, []any{possible, "ucs2", 3, r.Ignored}, []any{m.DuplicatePossible, m.Encoding, m.Segments, m.Ignored})
		assert.Equal(l, []any{possible, false}, []any{m.Attempts[0].Reconciled, m.Attempts[0].Contradicted})
	}
	l.send("yes", "athens", provider.OutcomeUnknown, "")
	l.send("no", "athens", provider.OutcomeUnknown, "")
	for ref, o := range map[string]provider.Outcome{"yes": provider.OutcomeAccepted, "no": provider.OutcomeNotSent} {
		require.NoError(l, l.Resolve(l.Context(), l.only(ref).ID, o))
	}
	yes, no := l.only("yes"), l.only("no")
	assert.Equal(l, []any{provider.Code(""), "", provider.Code("")}, []any{yes.Code, yes.Reason, yes.Attempts[0].Code})
	assert.Equal(l, []any{provider.Unavailable, "resolved by hand", provider.Unavailable}, []any{no.Code, no.Reason, no.Attempts[0].Code})
	assert.True(l, yes.Attempts[0].Reconciled)
	require.ErrorContains(l, l.Resolve(l.Context(), yes.ID, provider.OutcomeUnknown), "can be resolved as accepted or not_sent")
}

// testJournalEntries is the journal as a router uses it that has no store.
func testJournalEntries(l *lab) {
	entry := func(key, fingerprint string) router.JournalEntry {
		return router.JournalEntry{Key: key, Fingerprint: fingerprint, Provider: "athens", Attempt: l.NewAttempt(), Message: l.message(key)}
	}
	entries, err := l.Find(l.Context(), "nothing", "f")
	require.NoError(l, err)
	assert.Empty(l, entries)
	require.ErrorIs(l, l.Intent(l.Context(), entry("a\x00", "f")), provider.InvalidMessage)
	require.NoError(l, l.Intent(l.Context(), entry("a\x00", "")), "without a ref the key is not written down")

	first, second := entry("r", "f"), entry("r", "f")
	require.NoError(l, l.Intent(l.Context(), first))
	require.NoError(l, l.Intent(l.Context(), second))
	assert.Len(l, l.only("r").Attempts, 2, "of one message")
	second.Fingerprint, second.Outcome = "other", provider.OutcomeNotSent
	require.ErrorIs(l, l.Outcome(l.Context(), second), router.ErrRefReused)

	plain := entry("k", "")
	require.NoError(l, l.Intent(l.Context(), plain))
	plain.Outcome, plain.Code = provider.OutcomeRefused, provider.Rejected
	require.NoError(l, l.Outcome(l.Context(), plain))
	page, _, err := l.Messages(l.Context(), ledger.Filter{Status: ledger.Refused})
	require.NoError(l, err)
	require.Len(l, page, 1)
	assert.Equal(l, provider.Rejected, page[0].Code)
	require.NoError(l, l.Outcome(l.Context(), entry("never begun", "")))
}

// testTokensAtOnce: many ask for the tokens of a provider that has none, and get the same.
func testTokensAtOnce(l *lab) {
	var work sync.WaitGroup
	values := make([]string, 8)
	for i := range values {
		work.Go(func() {
			list, err := l.CallbackTokens(l.Context(), "athens")
			if assert.NoError(l, err) && assert.Len(l, list, 1) {
				values[i] = list[0].Value
			}
		})
	}
	work.Wait()
	for _, v := range values {
		assert.Equal(l, values[0], v)
	}
	fresh, err := l.RotateCallbackToken(l.Context(), "athens")
	require.NoError(l, err)
	list, err := l.CallbackTokens(l.Context(), "athens")
	require.NoError(l, err)
	require.Len(l, list, 2)
	assert.Equal(l, []string{fresh.Value, values[0]}, []string{list[0].Value, list[1].Value}, "the new one first")
	assert.NotContains(l, fmt.Sprintf("%v %+v", fresh, list), fresh.Value)
}

// testFeedDamaged: a change that cannot be read is not left out in silence.
func testFeedDamaged(l *lab) {
	l.Ledger = l.open(ledger.Options{Feed: true})
	damage := func(sql string) {
		l.Helper()
		require.NoError(l, l.Database().Write(l.Context(), func(tx ledger.Tx) error {
			n, err := tx.Exec(l.Context(), sql, nil)
			assert.EqualValues(l, 1, n)
			return err
		}))
	}
	l.send("r", "athens", provider.OutcomeAccepted, "A1")
	l.record("athens", provider.Event{Kind: provider.Inbound, ID: "in", From: number, To: "12345", Text: "hello"})
	list, err := l.Feed(l.Context(), 0, 10)
	require.NoError(l, err)
	require.Len(l, list, 2)
	damage(`UPDATE anysms_events SET detail = '{' WHERE kind = 'inbound'`)
	_, err = l.Feed(l.Context(), 0, 10)
	require.Error(l, err)
	damage(`UPDATE anysms_events SET detail = '' WHERE kind = 'inbound'`)
	_, err = l.Feed(l.Context(), 0, 10)
	require.NoError(l, err)
	_, err = l.OptOut(l.Context(), ledger.OptOut{Number: number, Scope: ledger.ScopeAll, Source: ledger.FromAPI})
	require.NoError(l, err)
	damage(`UPDATE anysms_feed SET detail = '{' WHERE kind = 'optout.added'`)
	_, err = l.Feed(l.Context(), 0, 10)
	require.Error(l, err)
}

// testUnderWayStats: the latency is that of the attempts that have ended.
func testUnderWayStats(l *lab) {
	stats := func() ledger.Stat {
		list, err := l.Stats(l.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		require.NoError(l, err)
		require.Len(l, list, 1)
		return list[0]
	}
	l.begin(l.claim("open", "ann"), "athens")
	s := stats()
	assert.Equal(l, []any{1, 1, time.Duration(0)}, []any{s.Attempts, s.UnderWay, s.Latency})
	assert.Zero(l, s.DeliveryRate())
	l.send("done", "athens", provider.OutcomeAccepted, "A1")
	s = stats()
	assert.Equal(l, []any{2, 1, 7 * time.Millisecond}, []any{s.Attempts, s.UnderWay, s.Latency})
}

// testPages: a page that has all there is has no next one, whatever is looked for.
func testPages(l *lab) {
	for i := range 3 {
		l.send(fmt.Sprint("r", i), "athens", provider.OutcomeAccepted, "")
	}
	for _, f := range []ledger.Filter{{}, {To: number}, {Ref: "r0"}, {Tag: "test"}, {Provider: "athens"}, {Namespace: ledger.AllNamespaces}} {
		for f.Limit = 1; f.Limit <= 3; f.Limit++ {
			found, err := l.Search(l.Context(), f, 0)
			require.NoError(l, err)
			all := 3
			if f.Ref != "" {
				all = 1
			}
			assert.Len(l, found.Messages, min(f.Limit, all), "%+v", f)
			assert.Equal(l, f.Limit >= all, found.Next == "", "%+v", f)
			assert.Zero(l, found.Reached)
		}
	}
	for _, f := range []ledger.Filter{{Ref: "r0", Tag: "another"}, {Ref: "r0", To: "+306900000000"}, {To: number, Tag: "another"}} {
		page, _, err := l.Messages(l.Context(), f)
		require.NoError(l, err)
		assert.Empty(l, page, "%+v", f)
	}
	for _, limit := range []int{-1, 501} {
		_, err := l.Search(l.Context(), ledger.Filter{Limit: limit}, 0)
		require.ErrorContains(l, err, fmt.Sprint("limit ", limit, "; want 1 to 500"))
		_, err = l.Unreadable(l.Context(), 0, limit)
		require.ErrorContains(l, err, fmt.Sprint("limit ", limit, "; want 1 to 500"))
	}
	l.record("athens", provider.UnreadableItem([]byte("x"), errors.New("no")))
	assert.Len(l, l.unreadable(0, 500), 1)
}
