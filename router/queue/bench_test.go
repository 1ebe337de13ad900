package queue_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/queuetest"
)

// bench is a queue with a vendor on loopback.
type bench struct {
	*testing.B
	vendor *queuetest.Vendor
	router *router.Router
	queue  *queue.Queue
	next   int
}

func newBench(b *testing.B, u router.Upstream) *bench {
	vendor := queuetest.NewVendor(b)
	l, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "anysms.db"), ledger.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, l.Close()) })
	u.Name = "vendor"
	u.Provider, err = queuetest.NewProvider(vendor.URL)
	require.NoError(b, err)
	r, err := router.New([]router.Upstream{u}, &router.Options{Store: l, Journal: l, Validation: router.Shape})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, r.Close(context.Background())) })
	q, err := queue.New(l, r, queue.Options{})
	require.NoError(b, err)
	return &bench{B: b, vendor: vendor, router: r, queue: q}
}

func (b *bench) items(n int, class provider.Class) []queue.Item {
	items := make([]queue.Item, n)
	for i := range items {
		b.next++
		items[i].Message = &provider.Message{
			To: e164.MustParse(fmt.Sprintf("+1212%07d", b.next%10_000_000)), Text: "Your parcel is here.", Ref: fmt.Sprint("row-", b.next), Class: class,
		}
	}
	return items
}

func (b *bench) enqueue(items []queue.Item) {
	list, err := b.queue.EnqueueAll(context.Background(), items...)
	if err != nil {
		panic(err)
	}
	for _, e := range list {
		if e.Err != nil {
			panic(e.Err)
		}
	}
}

func (b *bench) run() {
	ctx, cancel := context.WithCancel(b.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = b.queue.Run(ctx) })
	b.Cleanup(func() { cancel(); done.Wait() })
}

// BenchmarkEnqueue is per message.
func BenchmarkEnqueue(b *testing.B) {
	b.Run("one at a time", func(b *testing.B) {
		q := newBench(b, router.Upstream{})
		items := q.items(b.N, "")
		b.ResetTimer()
		for i := range items {
			q.enqueue(items[i : i+1])
		}
	})
	b.Run("64 callers", func(b *testing.B) {
		q := newBench(b, router.Upstream{})
		items := make(chan queue.Item, b.N)
		for _, it := range q.items(b.N, "") {
			items <- it
		}
		close(items)
		b.ResetTimer()
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				for it := range items {
					q.enqueue([]queue.Item{it})
				}
			})
		}
		all.Wait()
	})
	b.Run("in hundreds", func(b *testing.B) {
		q := newBench(b, router.Upstream{})
		items := q.items(b.N, "")
		b.ResetTimer()
		for part := range slices.Chunk(items, 100) {
			q.enqueue(part)
		}
	})
}

// BenchmarkSend compares the queue, from Enqueue to the outcome, with SendAll without any
// record of messages, over the same vendor.
func BenchmarkSend(b *testing.B) {
	b.Run("queue", func(b *testing.B) {
		q := newBench(b, router.Upstream{})
		q.run()
		items := q.items(b.N, "")
		b.ResetTimer()
		for part := range slices.Chunk(items, 100) {
			q.enqueue(part)
		}
		for q.vendor.Total() < b.N {
			time.Sleep(time.Millisecond)
		}
	})
	b.Run("bare SendAll", func(b *testing.B) {
		q := newBench(b, router.Upstream{})
		p, err := queuetest.NewProvider(q.vendor.URL)
		require.NoError(b, err)
		r, err := router.New([]router.Upstream{{Name: "vendor", Provider: p}}, &router.Options{Validation: router.Shape, Concurrency: 64})
		require.NoError(b, err)
		defer func() { require.NoError(b, r.Close(context.Background())) }()
		items := q.items(b.N, "")
		b.ResetTimer()
		results, err := r.SendAll(b.Context(), func(yield func(*provider.Message) bool) {
			for _, it := range items {
				if !yield(it.Message) {
					return
				}
			}
		})
		require.NoError(b, err)
		for _, err := range results {
			require.NoError(b, err)
		}
	})
}

// BenchmarkCode measures how long a one-time code takes behind a campaign.
func BenchmarkCode(b *testing.B) {
	queuetest.BenchmarkCode(b, queuetest.Codes{
		Open: func(b *testing.B) *ledger.Ledger {
			l, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "anysms.db"), ledger.Options{})
			require.NoError(b, err)
			return l
		},
		New: func(b *testing.B, l *ledger.Ledger, r *router.Router) *queue.Queue {
			q, err := queue.New(l, r, queue.Options{})
			require.NoError(b, err)
			return q
		},
	})
}
