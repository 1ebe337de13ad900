package router_test

import (
	"context"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// keeper is a journal in memory.
type keeper struct {
	entries []router.JournalEntry
	delay   time.Duration
}

func (k *keeper) Intent(_ context.Context, e router.JournalEntry) error {
	time.Sleep(k.delay)
	k.entries = append(k.entries, e)
	return nil
}

func (k *keeper) Outcome(_ context.Context, e router.JournalEntry) error {
	k.entries = append(k.entries, e)
	return nil
}

func (k *keeper) Entries(context.Context) iter.Seq2[router.JournalEntry, error] {
	return func(yield func(router.JournalEntry, error) bool) {
		for _, e := range k.entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// What the journal knows comes before a refusal of the message today.
func TestJournalComesBeforeRefusals(t *testing.T) {
	known := []router.JournalEntry{
		{Key: "sent", Provider: "a"}, {Key: "sent", Provider: "a", Outcome: provider.OutcomeAccepted, ID: "m7"},
		{Key: "doubt", Provider: "a"},
	}
	r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{Journal: &keeper{entries: known}})
	late := []*provider.Message{referred("sent", "x"), referred("doubt", "x"), referred("new", "x")}
	for _, m := range late {
		m.Deadline = time.Now().Add(-time.Second)
	}
	want := []provider.Outcome{provider.OutcomeAccepted, provider.OutcomeUnknown, provider.OutcomeRefused}
	n := 0
	for res, err := range sendAll(t, r, t.Context(), slices.Values(late)) {
		n++
		assert.Equal(t, want[res.Index], res.Status, "%s", late[res.Index].Ref)
		assert.Equal(t, err == nil, res.Status == provider.OutcomeAccepted)
		assert.Equal(t, mobile, res.To)
		if res.Index == 1 {
			assert.True(t, res.Replayed)
		}
	}
	assert.Equal(t, 3, n)
}

// The second message with a ref is not the first one with a longer ref.
func TestOrdinalsAreNotRefs(t *testing.T) {
	a := vendor(t, memory.Config{})
	j := &keeper{}
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Journal: j, Concurrency: 1})
	all := []*provider.Message{referred("r", "1"), referred("r", "2"), referred("r#2", "3")}
	for range sendAll(t, r, t.Context(), slices.Values(all[:2])) {
	}
	for res := range sendAll(t, r, t.Context(), slices.Values(all)) {
		assert.Equal(t, res.Index < 2, res.Replayed, "%d", res.Index)
	}
	assert.Equal(t, 3, a.Accepted())
}

// A middleware may pass on any context and any message: what the journal knows
// reaches the send all the same.
func TestResumeThroughMiddleware(t *testing.T) {
	detached := func(_ context.Context, m *provider.Message, next router.SendFunc) (*router.Result, error) {
		return next(context.Background(), &provider.Message{To: m.To, Text: m.Text})
	}
	a := vendor(t, memory.Config{Features: []string{}})
	a.Script(memory.Answer{}, lost)
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{
		Journal: &keeper{}, Concurrency: 1, Middleware: []router.Middleware{detached},
	})
	all := []*provider.Message{text("accepted"), referred("r1", "in doubt"), text("accepted")}
	for range 3 {
		statuses := make([]provider.Outcome, len(all))
		for res := range sendAll(t, r, t.Context(), slices.Values(all)) {
			statuses[res.Index] = res.Status
		}
		assert.Equal(t, []provider.Outcome{provider.OutcomeAccepted, provider.OutcomeUnknown, provider.OutcomeAccepted}, statuses)
		assert.Equal(t, 3, a.Attempts(), "a resume sends nothing again")
	}
}

// The caller may cancel while the journal writes.
func TestNoAttemptAfterCancelDuringIntent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Journal: &keeper{delay: 2 * time.Second}})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		res, err := r.Send(ctx, text("x"))
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.Empty(t, res.Attempts)
	})
}
