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

// An outcome that is resumed keeps the code that was recorded.
func TestResumeKeepsThePossibleDuplicate(t *testing.T) {
	for name, opts := range map[string]*router.Options{"journal": {Journal: &keeper{}}, "store": {Store: router.NewMemoryStore(0)}, "neither": {}} {
		t.Run(name, func(t *testing.T) {
			a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
			a.Script(lost)
			r := two(t, a, b, opts)
			m := text("x")
			m.Ref, m.Delivery = "r1", provider.AtLeastOnce
			results, err := r.SendAll(t.Context(), slices.Values([]*provider.Message{m, m.Clone()}))
			require.NoError(t, err)
			for res, err := range results {
				require.NoError(t, err)
				assert.True(t, res.DuplicatePossible, res)
			}
			assert.Len(t, b.Messages(), 1)
		})
	}
}

// A run that ended after it had gone on in doubt: two providers may have the message.
func TestResumeFindsThePossibleDuplicate(t *testing.T) {
	for mode, want := range map[provider.Delivery]bool{provider.AtMostOnce: false, provider.AtLeastOnce: true} {
		m := text("x")
		m.Delivery, m.Ref = mode, "r1"
		journal := new(keeper)
		r := two(t, vendor(t, memory.Config{}), vendor(t, memory.Config{}), &router.Options{Journal: journal})
		_, err := r.Send(t.Context(), m)
		require.NoError(t, err)
		first := journal.entries[0]
		other := first
		other.Provider = "b"
		journal.entries = []router.JournalEntry{first, other}
		results, err := r.SendAll(t.Context(), slices.Values([]*provider.Message{m}))
		require.NoError(t, err)
		for res := range results {
			assert.Equal(t, provider.OutcomeUnknown, res.Status)
			assert.Equal(t, want, res.DuplicatePossible, mode)
		}
	}
}

func TestResumedDoubtKeepsItsCode(t *testing.T) {
	a, j := vendor(t, memory.Config{}), &keeper{}
	a.Script(memory.Answer{Err: provider.NewError("a code of tomorrow", "as told")})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Journal: j})
	for _, replayed := range []bool{false, true, true} {
		for res := range sendAll(t, r, t.Context(), slices.Values([]*provider.Message{text("hello")})) {
			assert.Equal(t, provider.Code("a code of tomorrow"), res.Code)
			assert.Equal(t, provider.OutcomeUnknown, res.Status)
			assert.Equal(t, replayed, res.Replayed)
			assert.NotEmpty(t, res.Key)
		}
	}
	assert.Equal(t, 1, a.Attempts())
}
