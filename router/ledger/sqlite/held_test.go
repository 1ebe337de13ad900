package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// TestChangedMeanwhile changes a message while it is being sent, without the committer that
// has claimed it: what was changed is still there when the send has ended.
func TestChangedMeanwhile(t *testing.T) {
	for name, meanwhile := range map[string]struct {
		change func(t *testing.T, own, other *ledger.Ledger, attempt string)
		want   ledger.Message
	}{
		"reported to this process": {
			func(t *testing.T, own, _ *ledger.Ledger, attempt string) { report(t, own, attempt) },
			ledger.Message{Status: ledger.Delivered, To: "+306941234567"},
		},
		"reported to another process": {
			func(t *testing.T, _, other *ledger.Ledger, attempt string) { report(t, other, attempt) },
			ledger.Message{Status: ledger.Delivered, To: "+306941234567"},
		},
		"erased by this process": {
			func(t *testing.T, own, _ *ledger.Ledger, _ string) { erase(t, own) },
			ledger.Message{Status: ledger.Unknown},
		},
		"erased by another process": {
			func(t *testing.T, _, other *ledger.Ledger, _ string) { erase(t, other) },
			ledger.Message{Status: ledger.Unknown},
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "anysms.db")
			open := func() *ledger.Ledger {
				l, err := sqlite.Open(t.Context(), path, ledger.Options{KeepTexts: true})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, l.Close()) })
				return l
			}
			own, other := open(), open()
			m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello", Ref: "r"}
			c := router.Claim{Ref: m.Ref, Fingerprint: "f", Owner: "me", Keep: time.Hour, Message: m}
			c.Intent = &router.JournalEntry{Key: m.Ref, Provider: "athens", Attempt: own.NewAttempt(), Message: m}
			_, err := own.Begin(t.Context(), c)
			require.NoError(t, err)
			meanwhile.change(t, own, other, c.Intent.Attempt)
			result := &router.Result{Ref: m.Ref, Status: provider.OutcomeUnknown, Code: provider.Indeterminate, Provider: "athens"}
			result.Attempts = []router.Attempt{{ID: c.Intent.Attempt, Provider: "athens", Outcome: provider.OutcomeUnknown, Code: provider.Indeterminate}}
			require.NoError(t, own.Finish(t.Context(), c, result))
			page, _, err := other.Messages(t.Context(), ledger.Filter{})
			require.NoError(t, err)
			require.Len(t, page, 1)
			assert.Equal(t, meanwhile.want.Status, page[0].Status)
			assert.Equal(t, meanwhile.want.To, page[0].To)
			assert.Equal(t, meanwhile.want.To == "", page[0].Text == "")
		})
	}
}

// TestCancelledMeanwhile cancels a message that this process has queued: it is not sent,
// whoever has cancelled it.
func TestCancelledMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	open := func() *ledger.Ledger {
		l, err := sqlite.Open(t.Context(), path, ledger.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		return l
	}
	own, other := open(), open()
	for name, by := range map[string]*ledger.Ledger{"this process": own, "another process": other} {
		t.Run(name, func(t *testing.T) {
			m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello", Ref: name}
			list, err := own.Enqueue(t.Context(), []*ledger.Job{{Message: m, Due: time.Now(), Keep: time.Hour}})
			require.NoError(t, err)
			require.NoError(t, list[0].Err)
			cancelled, err := by.Cancel(t.Context(), list[0].ID)
			require.NoError(t, err)
			require.True(t, cancelled)
			c := router.Claim{Ref: list[0].ID, Fingerprint: "f", Owner: "me", Keep: time.Hour, Message: m}
			c.Intent = &router.JournalEntry{Key: c.Ref, Provider: "athens", Attempt: own.NewAttempt(), Message: m}
			_, err = own.Begin(t.Context(), c)
			require.ErrorIs(t, err, ledger.ErrNotQueued)
		})
	}
}

func report(t *testing.T, l *ledger.Ledger, attempt string) {
	t.Helper()
	_, err := l.Record(t.Context(), "athens", provider.Event{Kind: provider.Report, Attempt: attempt, ID: "A1", Status: provider.StatusDelivered})
	require.NoError(t, err)
}

func erase(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	n, err := l.Erase(t.Context(), "+306941234567")
	require.NoError(t, err)
	require.Equal(t, 1, n)
}
