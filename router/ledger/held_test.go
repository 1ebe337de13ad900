package ledger

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ofRun is a database of which only the run is known.
type ofRun struct {
	Database
	run string
}

func (d ofRun) Run() string { return d.run }

// holding is a working set with one claim that is under way in this run.
func holding(ref, id string) (*work, *claim, *record) {
	w := &work{
		ledger: &Ledger{db: ofRun{run: "this"}, options: Options{Namespace: "shop"}}, claims: make(map[string]*claim), messages: make(map[string]*record),
		attempts: make(map[string]*record), byID: make(map[vendorID]*Attempt), byRef: make(map[refKey]*claim), stored: make(map[string]Attempt),
	}
	r := &record{Message: Message{ID: id}, changed: true, attempts: []*Attempt{{ID: "att_" + id, Provider: "athens"}}}
	c := &claim{refKey: refKey{"shop", ref}, message: id, owner: "ann", run: "this", changed: true, fresh: true}
	w.messages[id] = r
	w.addClaim(c)
	return w, c, r
}

// TestHeld: what this process has under way need not be read again, and nothing else is held.
func TestHeld(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(w *work, c *claim, r *record)
		others []string // of the ref, the id of the message and another ref: those that are to be read
	}{
		"under way":              {func(*work, *claim, *record) {}, []string{"other"}},
		"of a queue's namespace": {func(_ *work, c *claim, _ *record) { c.namespace = "bank" }, []string{"r", "other"}},
		"nobody has it":          {func(_ *work, c *claim, _ *record) { c.owner = "" }, []string{"r", "msg_1", "other"}},
		"another run has it":     {func(_ *work, c *claim, _ *record) { c.run = "that" }, []string{"r", "msg_1", "other"}},
		"its message is not":     {func(w *work, _ *claim, _ *record) { clear(w.messages) }, []string{"r", "msg_1", "other"}},
		"it has events":          {func(_ *work, _ *claim, r *record) { r.events = []*Event{{}} }, []string{"r", "msg_1", "other"}},
	} {
		w, c, r := holding("r", "msg_1")
		tt.change(w, c, r)
		h := newHeld()
		h.keep(w)
		next, _, _ := holding("x", "msg_x")
		for _, ref := range []string{"r", "msg_1", "other"} {
			assert.Equal(t, slices.Contains(tt.others, ref), len(h.take(next, []string{ref})) > 0, "%s: %s", name, ref)
		}
	}
}

// TestHeldIsAsStored: what is taken is as the database has it.
func TestHeldIsAsStored(t *testing.T) {
	w, c, r := holding("r", "msg_1")
	r.attempts[0].ProviderID, r.attempts[0].StartedAt = "A1", time.Unix(1, 0)
	h := newHeld()
	h.keep(w)
	assert.False(t, c.changed || c.fresh || r.changed, "it is written")
	next, _, _ := holding("x", "msg_x")
	assert.Empty(t, h.take(next, []string{"r"}))
	assert.Same(t, r, next.messages["msg_1"])
	assert.Same(t, r, next.attempts["att_msg_1"])
	assert.Equal(t, *r.attempts[0], next.stored["att_msg_1"])
	assert.Same(t, r.attempts[0], next.byID[vendorID{"athens", "A1"}])
	assert.Equal(t, []string{"msg_2"}, next.unread([]string{"msg_1", "msg_2"}))

	c.owner = "" // the send has ended
	h.keep(next)
	assert.Equal(t, []string{"r", "msg_1"}, h.take(next, []string{"r", "msg_1"}))
}

// TestHeldAtMost bounds what is held.
func TestHeldAtMost(t *testing.T) {
	h := newHeld()
	for i := range maxHeld + 1 {
		w, _, _ := holding(fmt.Sprint("r", i), fmt.Sprint("msg_", i))
		h.keep(w)
	}
	assert.Len(t, h.list, 1024)
	assert.Len(t, h.byRef, 1024)
}

// numbered is a database with a number of its state.
type numbered struct {
	Versioned
	version int64
	err     error
}

func (d *numbered) Version(context.Context, Tx) (int64, error) { return d.version, d.err }

// TestHeldUntilOthersWrite: what others may have changed is read again.
func TestHeldUntilOthersWrite(t *testing.T) {
	db := &numbered{version: 7}
	h := newHeld()
	held := func() bool {
		w, _, _ := holding("x", "msg_x")
		return len(h.take(w, []string{"r"})) == 0
	}
	require.NoError(t, h.check(t.Context(), db, nil))
	w, _, _ := holding("r", "msg_1")
	h.keep(w)
	require.NoError(t, h.check(t.Context(), db, nil))
	assert.True(t, held())
	db.version = 8
	require.NoError(t, h.check(t.Context(), db, nil))
	assert.False(t, held())
	h.keep(w)
	db.err = context.Canceled
	require.ErrorIs(t, h.check(t.Context(), db, nil), context.Canceled)
	assert.False(t, held())
}
