package router_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// numbered is a sequence of n messages; taken counts those that were pulled.
func numbered(n int, taken *atomic.Int64) iter.Seq[*provider.Message] {
	return func(yield func(*provider.Message) bool) {
		for i := range n {
			taken.Add(1)
			if !yield(text(fmt.Sprintf("message %d", i))) {
				return
			}
		}
	}
}

// sendAll is SendAll without an error.
func sendAll(t testing.TB, r *router.Router, ctx context.Context, ms iter.Seq[*provider.Message]) iter.Seq2[*router.Result, error] {
	t.Helper()
	results, err := r.SendAll(ctx, ms)
	require.NoError(t, err)
	return results
}

func TestSendAllReturnsEachResultOnce(t *testing.T) {
	a := vendor(t, memory.Config{Answer: func(m *provider.Message) memory.Answer {
		if len(m.Text)%2 == 0 {
			return code(provider.Rejected)
		}
		return memory.Answer{}
	}})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Validation: router.Shape})
	var taken atomic.Int64
	seen := make(map[int]provider.Outcome)
	for res, err := range sendAll(t, r, t.Context(), numbered(1000, &taken)) {
		_, again := seen[res.Index]
		require.False(t, again)
		seen[res.Index] = res.Status
		assert.Equal(t, err == nil, res.Status == provider.OutcomeAccepted)
	}
	require.Len(t, seen, 1000)
	assert.Equal(t, provider.OutcomeAccepted, seen[1])
	assert.Equal(t, provider.OutcomeRefused, seen[10])
}

// Whatever is in the sequence has a result. Its key is the Ref, where no journal needs
// another one.
func TestSendAllOfOddMessages(t *testing.T) {
	r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, nil)
	got := make([]string, 3)
	for res := range sendAll(t, r, t.Context(), slices.Values([]*provider.Message{nil, text("hello"), referred("order-1", "hello")})) {
		got[res.Index] = fmt.Sprintf("%s %q", res.Status, res.Key)
	}
	assert.Equal(t, []string{`refused ""`, `accepted ""`, `accepted "order-1"`}, got)
}

func TestSendAllStopsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Delay: provider.Duration(time.Second)})
		late := make(map[int]bool)
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{
			Concurrency: 8, Validation: router.Shape,
			OnLate: func(res *router.Result, _ error) { late[res.Index] = true },
		})
		var taken atomic.Int64
		got := 0
		for range sendAll(t, r, t.Context(), numbered(1000, &taken)) {
			if got++; got == 3 {
				break
			}
		}
		assert.Equal(t, int(taken.Load()), got+len(late), "whatever was taken is answered")
		assert.LessOrEqual(t, taken.Load(), int64(3*8))
		assert.LessOrEqual(t, a.Accepted(), int(taken.Load()))
	})
}

func TestSendAllEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{Delay: provider.Duration(time.Second)})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Concurrency: 4, Validation: router.Shape})
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		var taken atomic.Int64
		counts := make(map[provider.Outcome]int)
		for res := range sendAll(t, r, ctx, numbered(1000, &taken)) {
			counts[res.Status]++
		}
		assert.Equal(t, 8, counts[provider.OutcomeAccepted])
		assert.Equal(t, 4, counts[provider.OutcomeUnknown], "cut off under way")
		assert.Equal(t, int(taken.Load()), counts[provider.OutcomeAccepted]+counts[provider.OutcomeUnknown]+counts[provider.OutcomeNotSent])
	})
}

func TestSendAllPropagatesPanics(t *testing.T) {
	r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, nil)
	assert.PanicsWithValue(t, "bad file", func() {
		for range sendAll(t, r, t.Context(), func(yield func(*provider.Message) bool) {
			yield(text("one"))
			panic("bad file")
		}) {
		}
	})
}

func TestSendAllOnAClosedRouter(t *testing.T) {
	r, err := router.New([]router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, nil)
	require.NoError(t, err)
	require.NoError(t, r.Close(t.Context()))
	var taken atomic.Int64
	results, err := r.SendAll(t.Context(), numbered(3, &taken))
	require.ErrorIs(t, err, provider.Unavailable)
	assert.Nil(t, results)
	assert.Zero(t, taken.Load())
}

func TestSendAllClosedWhileItRuns(t *testing.T) {
	r, err := router.New([]router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, nil)
	require.NoError(t, err)
	var taken atomic.Int64
	results := sendAll(t, r, t.Context(), numbered(3, &taken))
	require.NoError(t, r.Close(t.Context()))
	n := 0
	for res, err := range results {
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		n++
	}
	assert.Equal(t, 3, n)
}

func TestSendAllIsRangedOverOnce(t *testing.T) {
	a := vendor(t, memory.Config{})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, nil)
	var taken atomic.Int64
	results := sendAll(t, r, t.Context(), numbered(3, &taken))
	for range 2 {
		for range results {
		}
	}
	assert.Equal(t, 3, a.Accepted())
}

// counting counts requests, not messages.
type counting struct {
	*memory.Provider
	batches, singles atomic.Int64
	largest          atomic.Int64
}

func (c *counting) Send(ctx context.Context, m *provider.Message) (*provider.Receipt, error) {
	c.singles.Add(1)
	return c.Provider.Send(ctx, m)
}

func (c *counting) SendBatch(ctx context.Context, ms []*provider.Message) []provider.Verdict {
	c.batches.Add(1)
	c.largest.Store(max(c.largest.Load(), int64(len(ms))))
	return c.Provider.SendBatch(ctx, ms)
}

func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &counting{Provider: vendor(t, memory.Config{MaxBatch: 50})}
		r := open(t, []router.Upstream{{Name: "a", Provider: a, Batch: 20}}, &router.Options{Validation: router.Shape})
		var taken atomic.Int64
		for _, err := range sendAll(t, r, t.Context(), numbered(110, &taken)) {
			require.NoError(t, err)
		}
		assert.EqualValues(t, 6, a.batches.Load())
		assert.EqualValues(t, 20, a.largest.Load())
		assert.Zero(t, a.singles.Load())
		assert.Equal(t, 110, a.Accepted())
		assert.Zero(t, r.States()[0].InFlight)

		code := text("123456")
		code.Class = provider.OTP
		hurried := text("hurry")
		hurried.Deadline = time.Now().Add(time.Second)
		for _, err := range sendAll(t, r, t.Context(), func(yield func(*provider.Message) bool) { _ = yield(code) && yield(hurried) }) {
			require.NoError(t, err)
		}
		assert.EqualValues(t, 2, a.singles.Load(), "neither a code nor a message in a hurry waits for others")
		_, err := r.Send(t.Context(), text("alone"))
		require.NoError(t, err)
		assert.EqualValues(t, 3, a.singles.Load())
	})
}

func TestBatchVerdictsPerMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{MaxBatch: 10, Answer: func(m *provider.Message) memory.Answer {
			switch m.Text {
			case "message 1":
				return lost
			case "message 2":
				return code(provider.NoRoute)
			}
			return memory.Answer{}
		}})
		b := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, Batch: 10}, {Name: "b", Provider: b}}, nil)
		var taken atomic.Int64
		trails := make(map[int]string)
		for res := range sendAll(t, r, t.Context(), numbered(4, &taken)) {
			trails[res.Index] = trail(res)
		}
		assert.Equal(t, map[int]string{0: "a:accepted", 1: "a:unknown", 2: "a:refused b:accepted", 3: "a:accepted"}, trails)
	})
}

func TestSendAllMemoryIsFlat(t *testing.T) {
	a := vendor(t, memory.Config{Ledger: -1})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Validation: router.Shape})
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := live(), uint64(0)
	m := text("the same text for all")
	n := 0
	for _, err := range sendAll(t, r, t.Context(), func(yield func(*provider.Message) bool) {
		for range 60_000 {
			if !yield(m) {
				return
			}
		}
	}) {
		require.NoError(t, err)
		if n++; n%20_000 == 0 {
			most = max(most, live())
		}
	}
	assert.Less(t, most, before+8<<20, "bytes on the heap do not grow with the number of messages")
}

// A failed batch counts against the breaker as each of its messages would.
func TestBatchFailuresOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, a := range []*memory.Provider{
			vendor(t, memory.Config{MaxBatch: 10, Code: provider.Unavailable}),
			vendor(t, memory.Config{MaxBatch: 10, Delay: provider.Duration(time.Hour)}),
		} {
			r := open(t, []router.Upstream{{Name: "a", Provider: a, Batch: 10}}, &router.Options{Validation: router.Shape, Retry: once})
			var taken atomic.Int64
			for range sendAll(t, r, t.Context(), numbered(5, &taken)) {
			}
			assert.Equal(t, router.BreakerOpen, r.States()[0].Breaker)
		}
	})
}

func TestUnreadableJournal(t *testing.T) {
	a := vendor(t, memory.Config{})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Journal: broken{}})
	var taken atomic.Int64
	for res, err := range sendAll(t, r, t.Context(), numbered(5, &taken)) {
		require.ErrorIs(t, err, errBroken)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
	}
	assert.Zero(t, a.Attempts(), "nothing is sent blindly")
}

var errBroken = errors.New("the disk is gone")

// broken is a journal whose disk is gone.
type broken struct{}

func (broken) Intent(context.Context, router.JournalEntry) error  { return errBroken }
func (broken) Outcome(context.Context, router.JournalEntry) error { return errBroken }
func (broken) Find(context.Context, string, string) ([]router.JournalEntry, error) {
	return nil, errBroken
}

func TestNoIntentNoAttempt(t *testing.T) {
	a := vendor(t, memory.Config{})
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Journal: broken{}})
	res, err := r.Send(t.Context(), text("hello"))
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, provider.OutcomeNotSent, res.Status)
	assert.Zero(t, a.Attempts())
}

// A batch takes no more of the time than the message's share of it.
func TestBatchLeavesTimeForTheNextProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{MaxBatch: 4, Delay: provider.Duration(time.Hour)}), vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a, Batch: 4}, {Name: "b", Provider: b}}, &router.Options{Delivery: provider.AtLeastOnce})
		m := text("x")
		m.Deadline = time.Now().Add(32 * time.Second)
		for res, err := range sendAll(t, r, t.Context(), func(yield func(*provider.Message) bool) { yield(m) }) {
			require.NoError(t, err)
			assert.Equal(t, "a:unknown b:accepted", trail(res))
			assert.Equal(t, 16*time.Second, res.Attempts[0].Duration)
		}
	})
}
