package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// TestPlans uses the ledger and asks SQLite how it carries out each statement: none reads
// a whole table, which nobody notices as long as the ledger is small.
func TestPlans(t *testing.T) {
	b := newBroken(t, filepath.Join(t.TempDir(), "anysms.db"))
	useAll(t, b.Ledger)
	texts := make(map[string]bool)
	for text := range b.db.writer.statements {
		texts[text] = true
	}
	for range maxReaders {
		s := <-b.db.idle
		if s != nil {
			for text := range s.statements {
				texts[text] = true
			}
		}
		b.db.idle <- s
	}
	assert.Greater(t, len(texts), 25)
	scan := regexp.MustCompile(`^SCAN (anysms_(messages|attempts|events|claims|segments)|[amc])$`)
	for text := range texts {
		if strings.Contains(text, "RECURSIVE step") {
			assert.Regexp(t, `anysms_messages_lists \(.*provider,id\)>`, strings.Join(b.plan(translated(text)), "; "), "it steps over all that have the same")
		}
		for _, step := range b.plan(translated(text)) {
			if scan.MatchString(step) && !readsInOrder(text) {
				assert.Fail(t, step, text)
			}
		}
	}
}

// readsInOrder reports whether a statement stops after a page, or is of an operator's that
// is used seldom.
func readsInOrder(text string) bool {
	return strings.Contains(text, "ORDER BY id DESC LIMIT") || strings.Contains(text, "tombstone")
}

func (b *broken) plan(s *statement) (steps []string) {
	b.Helper()
	args := make([]any, 20)
	for i := range args {
		args[i] = "[]"
	}
	require.NoError(b, b.db.Read(b.Context(), func(tx ledger.Tx) error {
		n := 0
		numbered := regexp.MustCompile(`\?`).ReplaceAllStringFunc(s.sql, func(string) string { n++; return fmt.Sprint("$", n) })
		return tx.Query(b.Context(), func(scan func(...any) error) error {
			var id, parent, unused int
			var detail string
			err := scan(&id, &parent, &unused, &detail)
			steps = append(steps, detail)
			return err
		}, "EXPLAIN QUERY PLAN "+numbered, append(args, args...)...)
	}))
	return steps
}

// useAll calls what a program calls often.
func useAll(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	ctx := t.Context()
	m := &provider.Message{To: e164.MustParse("+306941234567"), Text: "Hello", Ref: "r"}
	c := router.Claim{Ref: m.Ref, Fingerprint: "f", Owner: "me", Keep: time.Hour, Message: m}
	_, err := l.Look(ctx, c)
	require.NoError(t, err)
	c.Intent = &router.JournalEntry{Key: m.Ref, Provider: "athens", Attempt: l.NewAttempt(), Message: m}
	_, err = l.Begin(ctx, c)
	require.NoError(t, err)
	result := &router.Result{Ref: m.Ref, To: m.To, Provider: "athens", Status: provider.OutcomeAccepted, ID: "A1"}
	result.Attempts = []router.Attempt{{ID: c.Intent.Attempt, Provider: "athens", Outcome: provider.OutcomeAccepted}}
	require.NoError(t, l.Finish(ctx, c, result))
	id := l.NewAttempt()
	require.NoError(t, l.Intent(ctx, router.JournalEntry{Key: "k", Attempt: id, Provider: "athens", Message: m}))
	require.NoError(t, l.Outcome(ctx, router.JournalEntry{
		Key: "k", Attempt: id, Provider: "athens", Outcome: provider.OutcomeUnknown,
		Result: &router.Result{Status: provider.OutcomeUnknown, Attempts: []router.Attempt{{ID: id, Outcome: provider.OutcomeUnknown}}},
	}))
	_, err = l.Record(ctx, "athens",
		provider.Event{Kind: provider.Report, ID: "A1", Attempt: "none", Ref: "r", Status: provider.StatusDelivered},
		provider.Event{Kind: provider.Inbound, ID: "in", InReplyTo: "A1", From: "+306941234567", Text: "STOP"})
	require.NoError(t, err)
	for _, f := range []ledger.Filter{{}, {Ref: "r"}, {To: "+306941234567"}, {Status: ledger.Unknown}, {Provider: "a", Class: "otp"}, {Tag: "t", Status: ledger.Sent}, {Status: ledger.Sending}, {Since: time.Now().Add(-time.Hour), Until: time.Now()}} {
		_, _, err = l.Messages(ctx, f)
		require.NoError(t, err)
	}
	page, _, err := l.Messages(ctx, ledger.Filter{})
	require.NoError(t, err)
	_, err = l.Message(ctx, page[0].ID)
	require.NoError(t, err)
	_, err = l.Stats(ctx, time.Now().Add(-time.Hour), time.Now())
	require.NoError(t, err)
	_, prune := l.Prune(ctx)
	_, erase := l.Erase(ctx, "+306900000000")
	_, optIn := l.OptIn(ctx, "+306941234567")
	require.NoError(t, errors.Join(prune, erase, optIn, l.Recover(ctx)))
}
