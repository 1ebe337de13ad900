package sqlite_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// aged opens a ledger in a bubble, whose days pass at once.
func aged(t *testing.T, o ledger.Options, f func(t *testing.T, l *ledger.Ledger)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "anysms.db")
	synctest.Test(t, func(t *testing.T) {
		l, err := sqlite.Open(context.Background(), path, o)
		require.NoError(t, err)
		f(t, l)
		require.NoError(t, l.Close())
	})
}

// sendMany records messages that a vendor has taken.
func sendMany(t *testing.T, l *ledger.Ledger, n int) {
	t.Helper()
	for i := range n {
		ref := fmt.Sprint("r", i)
		m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello", Ref: ref}
		c := router.Claim{Ref: ref, Fingerprint: ref, Owner: "me", Keep: 24 * time.Hour, Message: m}
		c.Intent = &router.JournalEntry{Key: ref, Provider: "athens", Attempt: l.NewAttempt(), Message: m}
		_, err := l.Begin(t.Context(), c)
		require.NoError(t, err)
		r := &router.Result{Status: provider.OutcomeAccepted, Provider: "athens", ID: "A" + ref}
		r.Attempts = []router.Attempt{{ID: c.Intent.Attempt, Provider: "athens", Outcome: provider.OutcomeAccepted}}
		require.NoError(t, l.Finish(t.Context(), c, r))
	}
}

// TestRetention: texts go three days after the last attempt, and messages with all that
// belongs to them after 90 days, however many they are; not before.
func TestRetention(t *testing.T) {
	const many = 45 // more than one transaction deletes
	aged(t, ledger.Options{}, func(t *testing.T, l *ledger.Ledger) {
		prune := func(want ledger.Pruned) {
			t.Helper()
			p, err := l.Prune(t.Context())
			require.NoError(t, err)
			assert.Equal(t, want, p)
		}
		left := func() int {
			page, _, err := l.Messages(t.Context(), ledger.Filter{Limit: 500})
			require.NoError(t, err)
			return len(page)
		}
		began := time.Now()
		sendMany(t, l, many)
		_, err := l.Record(t.Context(), "athens", provider.Event{Kind: provider.Report, ID: "nobody's", Status: provider.StatusSent})
		require.NoError(t, err)
		time.Sleep(time.Until(began.Add(72*time.Hour - time.Second)))
		prune(ledger.Pruned{})
		time.Sleep(time.Minute)
		prune(ledger.Pruned{Texts: many})
		time.Sleep(time.Until(began.Add(ledger.DefaultRetention - time.Second)))
		prune(ledger.Pruned{})
		assert.Equal(t, many, left())
		time.Sleep(time.Minute)
		prune(ledger.Pruned{Messages: many, Events: 1})
		assert.Zero(t, left())
		prune(ledger.Pruned{})
	})
}

// TestRetentionForEver: neither texts nor messages are deleted if nobody wants it.
func TestRetentionForEver(t *testing.T) {
	aged(t, ledger.Options{Retention: -1, KeepTexts: true}, func(t *testing.T, l *ledger.Ledger) {
		sendMany(t, l, 1)
		time.Sleep(1000 * 24 * time.Hour)
		p, err := l.Prune(t.Context())
		require.NoError(t, err)
		assert.Zero(t, p)
	})
}

// TestMaintainLogs: Maintain deletes at once and from then on, and logs what it did, and only that.
func TestMaintainLogs(t *testing.T) {
	var log bytes.Buffer
	lines := func(what string) int {
		synctest.Wait() // what is written has been written
		return strings.Count(log.String(), what)
	}
	o := ledger.Options{Settle: time.Minute, Log: slog.New(slog.NewTextHandler(&log, nil))}
	aged(t, o, func(t *testing.T, l *ledger.Ledger) {
		sendMany(t, l, 2)
		time.Sleep(2 * time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); l.Maintain(ctx) }()
		time.Sleep(time.Minute)
		assert.Equal(t, 1, lines("deleted what is old"))
		assert.Contains(t, log.String(), "texts=2")
		time.Sleep(20 * time.Minute)
		assert.Equal(t, 1, lines("deleted what is old"), "nothing else was")
		cancel()
		<-done
		assert.Zero(t, lines("could not be deleted"))

		require.NoError(t, l.Close())
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		l.Maintain(ctx)
		assert.Equal(t, 1, lines("what is old could not be deleted"))
	})
}

// TestManyOptOuts: more than are read at once, in order, from any of them on.
func TestManyOptOuts(t *testing.T) {
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "anysms.db"), ledger.Options{})
	require.NoError(t, err)
	defer l.Close()
	const many = 2001
	want := make([]ledger.OptOut, many)
	for i := range want {
		want[i] = ledger.OptOut{Number: fmt.Sprintf("+3069%08d", i), Scope: ledger.ScopeAll, Source: ledger.FromImport}
	}
	added, err := l.OptOut(t.Context(), append(want, want[0])...)
	require.NoError(t, err)
	assert.Equal(t, many, added, "one is there twice")
	collect := func(after ledger.OptOut, most int) (numbers []string) {
		for o, err := range l.OptOutsAfter(t.Context(), "", after) {
			require.NoError(t, err)
			if numbers = append(numbers, o.Number); len(numbers) == most {
				break
			}
		}
		return numbers
	}
	all := collect(ledger.OptOut{}, many+1)
	require.Len(t, all, many)
	for i := range all {
		require.Equal(t, want[i].Number, all[i])
	}
	assert.Equal(t, all[1000:1002], collect(want[999], 2))
	assert.Empty(t, collect(want[many-1], 1))
	removed, err := l.OptIn(t.Context(), want[5].Number)
	require.NoError(t, err)
	assert.Equal(t, 1, removed)
	for _, err := range l.OptOuts(t.Context(), want[5].Number) {
		require.NoError(t, err)
		assert.Fail(t, "it was removed")
	}
	_, err = l.OptIn(t.Context(), "12")
	require.ErrorContains(t, err, "number: ")
}

// TestRefIsRemembered: for as long as the claim says, from the end of the send, and then
// the ref stands for a new message.
func TestRefIsRemembered(t *testing.T) {
	aged(t, ledger.Options{}, func(t *testing.T, l *ledger.Ledger) {
		sendMany(t, l, 1) // kept for a day
		c := router.Claim{Ref: "r0", Fingerprint: "r0", Owner: "you", Keep: 24 * time.Hour}
		look := func() *router.Result {
			prior, err := l.Look(t.Context(), c)
			require.NoError(t, err)
			return prior
		}
		time.Sleep(24*time.Hour - time.Second)
		require.NotNil(t, look())
		time.Sleep(time.Hour) // it may be a little longer
		assert.Nil(t, look())
		sendMany(t, l, 1)
		require.NotNil(t, look())
		page, _, err := l.Messages(t.Context(), ledger.Filter{Ref: "r0"})
		require.NoError(t, err)
		assert.Len(t, page, 2)
	})
}
