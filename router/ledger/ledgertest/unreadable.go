package ledgertest

import (
	"errors"
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

func (l *lab) unreadable(before int64, limit int) []ledger.Event {
	l.Helper()
	page, err := l.Unreadable(l.Context(), before, limit)
	require.NoError(l, err)
	return page
}

func testUnreadable(l *lab) {
	why := errors.New("unexpected end after 306941234567")
	binary := "{\x00\xff broken"
	for range 2 {
		_, err := l.Record(l.Context(), "athens", provider.UnreadableItem([]byte(binary), why))
		require.NoError(l, err)
	}
	counts, err := l.Record(l.Context(), "athens", provider.UnreadableItem([]byte("other"), why))
	require.NoError(l, err)
	assert.Equal(l, ledger.Recorded{New: 1, Unreadable: 1}, counts)
	page := l.unreadable(0, 10)
	require.Len(l, page, 2, "what comes again is kept once")
	assert.Equal(l, "other", string(page[0].Raw), "the newest first")
	assert.Equal(l, binary, string(page[1].Raw), "byte by byte")
	assert.NotContains(l, page[0].VendorStatus, "306941234567")
	assert.NotContains(l, fmt.Sprintf("%v %+v", page, page[0]), "other", "it may hold a text")

	assert.Equal(l, page[1:], l.unreadable(page[0].Seq, 10))
	assert.Len(l, l.unreadable(0, 1), 1)
	_, err = l.Unreadable(l.Context(), 0, 0)
	require.ErrorContains(l, err, "limit 0; want 1 to 500")
	n, err := l.Unmatched(l.Context())
	require.NoError(l, err)
	assert.Zero(l, n, "it is no report")
}

// One item of a batch that cannot be read holds back none of the others, and is kept.
func testUnreadableItem(l *lab) {
	l.send("a", "athens", provider.OutcomeAccepted, "A1")
	l.send("b", "athens", provider.OutcomeAccepted, "A2")
	item := []byte(`{"id":7,"to":"+306941234567"}`)
	batch := []provider.Event{
		report("A1", provider.StatusDelivered), provider.UnreadableItem(item, errors.New("no status")), report("A2", provider.StatusExpired),
	}
	assert.Equal(l, ledger.Recorded{New: 3, Unreadable: 1}, l.record("athens", batch...))
	assert.Equal(l, ledger.Recorded{Repeated: 3}, l.record("athens", batch...))
	assert.Equal(l, ledger.Delivered, l.only("a").Status)
	assert.Equal(l, ledger.Expired, l.only("b").Status)
	page := l.unreadable(0, 10)
	require.Len(l, page, 1)
	assert.Equal(l, string(item), string(page[0].Raw))
	assert.Equal(l, "no status", page[0].VendorStatus)

	_, err := l.Erase(l.Context(), "+306940000000")
	require.NoError(l, err)
	assert.NotEmpty(l, l.unreadable(0, 10)[0].Raw, "another number")
	_, err = l.Erase(l.Context(), number)
	require.NoError(l, err)
	assert.Empty(l, l.unreadable(0, 10)[0].Raw, "a person's number is erased wherever it is kept")
}

// testUnreadableJobs: queued messages that this program cannot read rest for a minute, hold
// up none behind them, and are sent by a program that can read them.
func testUnreadableJobs(l *lab) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	add := func(due time.Duration) string {
		j := l.job("")
		j.Due = now.Add(due)
		return l.enqueue(j)
	}
	newer, damaged, good := add(-3*time.Minute), add(-2*time.Minute), add(-time.Minute)
	require.NoError(l, l.Defer(l.Context(), newer, ledger.Deferral{Until: now.Add(-3 * time.Minute), Tries: 3}))
	payload := func(id, text string) {
		l.Helper()
		require.NoError(l, l.Database().Write(l.Context(), func(tx ledger.Tx) error {
			_, err := tx.Exec(l.Context(), `UPDATE anysms_queue SET payload = $1 WHERE message = $2`, []any{text, id})
			return err
		}))
	}
	readable := ""
	require.NoError(l, l.Database().Read(l.Context(), func(tx ledger.Tx) error {
		return tx.Query(l.Context(), func(scan func(...any) error) error { return scan(&readable) }, `SELECT payload FROM anysms_queue WHERE message = $1`, newer)
	}))
	payload(newer, `{"v":99}`)
	payload(damaged, `{`)
	due := func(at time.Time, limit int) (ids []string, next time.Time) {
		l.Helper()
		jobs, next, err := l.DueJobs(l.Context(), provider.Transactional, at, limit)
		require.NoError(l, err)
		for _, j := range jobs {
			ids = append(ids, j.ID)
		}
		return ids, next
	}
	for id, want := range map[string]string{newer: "was queued by a newer anysms (version 99; ", damaged: "unexpected end of JSON input"} {
		_, err := l.Job(l.Context(), id)
		require.ErrorIs(l, err, ledger.ErrUnreadable)
		require.ErrorContains(l, err, want)
	}
	ids, _ := due(now, 2)
	assert.Equal(l, []string{good}, ids, "those before it are passed over")
	_, next := due(now, 2)
	assert.Equal(l, now.Add(time.Minute), next, "they rest")
	payload(newer, readable)
	ids, _ = due(now.Add(time.Minute), 10)
	assert.Equal(l, []string{good, newer}, ids)
	j, err := l.Job(l.Context(), newer)
	require.NoError(l, err)
	assert.Equal(l, 3, j.Tries, "a rest is no try")

	l.giveUp(newer, provider.OutcomeNotSent)
	payload(newer, `{"v":99}`)
	_, err = l.DeadLetters(l.Context(), ledger.DeadFilter{})
	require.ErrorIs(l, err, ledger.ErrUnreadable, "there is nothing else to show")
	l.giveUp(good, provider.OutcomeNotSent)
	assert.Equal(l, []string{good}, l.dead(ledger.DeadFilter{}))
}
