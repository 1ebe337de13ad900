package router_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
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
	mu      sync.Mutex
	entries []router.JournalEntry
	delay   time.Duration
}

func (k *keeper) Intent(_ context.Context, e router.JournalEntry) error {
	time.Sleep(k.delay)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries = append(k.entries, e)
	return nil
}

func (k *keeper) Outcome(_ context.Context, e router.JournalEntry) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries = append(k.entries, e)
	return nil
}

func (k *keeper) Find(_ context.Context, key, fingerprint string) ([]router.JournalEntry, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var found []router.JournalEntry
	for _, e := range k.entries {
		switch {
		case e.Key != key:
		case e.Outcome == "", e.Outcome == provider.OutcomeUnknown:
			found = append(found, e)
		case e.Outcome == provider.OutcomeAccepted:
			found = []router.JournalEntry{e}
		default:
			found = nil
		}
	}
	for _, e := range found {
		if e.Fingerprint != fingerprint {
			return nil, router.ErrRefReused
		}
	}
	return found, nil
}

// What the journal knows comes before a refusal of the message today.
func TestJournalComesBeforeRefusals(t *testing.T) {
	a := vendor(t, memory.Config{})
	a.Script(memory.Answer{}, lost)
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Journal: &keeper{}, Concurrency: 1})
	for range sendAll(t, r, t.Context(), slices.Values([]*provider.Message{referred("sent", "x"), referred("doubt", "x")})) {
	}
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

// The second of equal messages without a ref is another message. A ref that looks like
// its key does not make it pass for sent.
func TestOrdinalsOfEqualMessages(t *testing.T) {
	a := vendor(t, memory.Config{})
	j := &keeper{}
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Journal: j, Concurrency: 1})
	all := []*provider.Message{text("x"), text("x"), text("x")}
	var keys []string
	for res := range sendAll(t, r, t.Context(), slices.Values(all[:2])) {
		keys = append(keys, res.Key)
	}
	require.Len(t, keys[0], 64)
	assert.Equal(t, keys[0]+"#2", keys[1])
	all = append(all, referred(keys[0]+"#4", "x"), text("x"))
	got := make([]string, len(all))
	for res := range sendAll(t, r, t.Context(), slices.Values(all)) {
		got[res.Index] = fmt.Sprint(res.Status, " ", res.Replayed)
	}
	assert.Equal(t, []string{"accepted true", "accepted true", "accepted false", "accepted false", "refused false"}, got)
	assert.Equal(t, 4, a.Accepted())
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
