package ledgertest

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// Source is a vendor that pushes events over a connection to a [provider.EventSource].
type Source struct {
	Open   func(t *testing.T) provider.Provider // a driver for it; EventSource closes it
	Listen func() bool                          // the driver listens
	Report func(id string) error                // reports a message, or a segment, as delivered; an error = it was not acknowledged
	Mangle func() error                         // pushes a report that cannot be read, likewise
	Early  func(report func(id string))         // called before the response to each message, with its id; nil = no more
}

// EventSource tests that what a vendor pushes reaches a ledger, which open opens. Each call
// of open opens the same ledger, which the caller closes.
func EventSource(t *testing.T, open func(t *testing.T) *ledger.Ledger, s Source) {
	t.Run("a ledger that fails holds back the acknowledgement", func(t *testing.T) {
		r := receive(t, open, s)
		id := r.send("held", "Hello")
		broken := open(t)
		require.NoError(t, broken.Close())
		r.into.Store(broken)
		require.Error(t, s.Report(id), "it is not recorded")
		assert.Equal(t, ledger.Accepted, r.message("held").Status)
		r.into.Store(r.ledger)
		require.NoError(t, s.Report(id), "the vendor repeats it")
		require.NoError(t, s.Report(id), "and again, as it does when an acknowledgement is lost")
		m := r.message("held")
		assert.Equal(t, ledger.Delivered, m.Status)
		assert.Len(t, m.Events, 1, "it is there once")
	})
	t.Run("segments", func(t *testing.T) {
		r := receive(t, open, s)
		segments := provider.SegmentIDs(r.send("long", strings.Repeat("0123456789", 40)))
		require.Len(t, segments, 3)
		for i, id := range segments {
			require.NoError(t, s.Report(id))
			want := ledger.Sent
			if i == len(segments)-1 {
				want = ledger.Delivered
			}
			assert.Equal(t, want, r.message("long").Status)
		}
	})
	t.Run("early", func(t *testing.T) {
		r := receive(t, open, s)
		var before atomic.Int64
		s.Early(func(id string) {
			assert.NoError(t, s.Report(id))
			n, err := r.ledger.Unmatched(t.Context())
			assert.NoError(t, err)
			before.Store(int64(n))
		})
		r.send("early", "Hello")
		s.Early(nil)
		assert.EqualValues(t, 1, before.Load(), "it was acknowledged before the message had an id")
		assert.Equal(t, ledger.Delivered, r.message("early").Status)
	})
	t.Run("late", func(t *testing.T) {
		before := receive(t, open, s)
		id := before.send("late", "Hello")
		before.end()
		after := receive(t, open, s)
		require.NoError(t, s.Report(id), "by another process")
		assert.Equal(t, ledger.Delivered, after.message("late").Status)
	})
	t.Run("unreadable", func(t *testing.T) {
		r := receive(t, open, s)
		id := r.send("readable", "Hello")
		require.NoError(t, s.Mangle(), "the vendor must not repeat it for ever")
		require.NoError(t, s.Report(id), "the next ones are read")
		assert.Equal(t, ledger.Delivered, r.message("readable").Status)
		unmatched, err := r.ledger.Unmatched(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, unmatched, "it is kept")
	})
}

// receiver is a process that sends over a driver, and records what it hears.
type receiver struct {
	*testing.T
	ledger *ledger.Ledger
	router *router.Router
	into   atomic.Pointer[ledger.Ledger] // where what is heard is recorded
	end    func()
}

func receive(t *testing.T, open func(t *testing.T) *ledger.Ledger, s Source) *receiver {
	t.Helper()
	l, p := open(t), s.Open(t)
	sender, err := router.New([]router.Upstream{{Name: "operator", Provider: p}}, &router.Options{Store: l, Journal: l})
	require.NoError(t, err)
	r := &receiver{T: t, ledger: l, router: sender}
	r.into.Store(l)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- provider.Listen(ctx, p, func(ctx context.Context, events []provider.Event) error {
			_, err := r.into.Load().Record(ctx, "operator", events...)
			return err
		})
	}()
	require.Eventually(t, s.Listen, 30*time.Second, time.Millisecond)
	done := false
	r.end = func() {
		if done {
			return
		}
		done = true
		cancel()
		assert.NoError(t, <-ended)
		assert.NoError(t, sender.Close(context.Background())) // and p with it
		assert.NoError(t, l.Close())
	}
	t.Cleanup(r.end)
	return r
}

// send sends a message that the vendor accepts, and returns its id.
func (r *receiver) send(ref, text string) string {
	r.Helper()
	result, err := r.router.Send(r.Context(), &provider.Message{To: e164.MustParse(number), From: "Example", Text: text, Ref: ref})
	require.NoError(r, err)
	return result.ID
}

func (r *receiver) message(ref string) *ledger.Message {
	r.Helper()
	page, _, err := r.ledger.Messages(r.Context(), ledger.Filter{Ref: ref})
	require.NoError(r, err)
	require.Len(r, page, 1)
	m, err := r.ledger.Message(r.Context(), page[0].ID)
	require.NoError(r, err)
	return m
}
