package gateway_test

import (
	"context"
	"database/sql"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/queue"
)

// BenchmarkEnqueueWhilePruning is how long a message takes to be queued while 50,000 old
// ones are deleted, and while nothing is: the median, the slowest of a hundred, and the
// slowest.
func BenchmarkEnqueueWhilePruning(b *testing.B) {
	const old = 50_000
	l, q, database := benchQueue(b, 24*time.Hour)
	message := &provider.Message{To: e164.MustParse("+306900000001"), Text: "Hello", SendAt: farOff}
	db, err := sql.Open("sqlite", "file:"+database+"?_pragma=busy_timeout(10000)")
	require.NoError(b, err)
	defer db.Close()
	enqueue := func(took *[]time.Duration) {
		start := time.Now()
		_, err := q.Enqueue(context.Background(), message.Clone())
		*took = append(*took, time.Since(start))
		require.NoError(b, err)
	}
	var quiet, pruning []time.Duration
	for range b.N {
		age(b, q, db, message, old)
		var done atomic.Bool
		ended := make(chan error, 1)
		go func() {
			p, err := l.Prune(context.Background())
			if err == nil && p.Messages != old {
				b.Errorf("%d messages were deleted", p.Messages)
			}
			done.Store(true)
			ended <- err
		}()
		for before := len(pruning); !done.Load() || len(pruning)-before < 100; {
			enqueue(&pruning)
		}
		require.NoError(b, <-ended)
		for range 500 {
			enqueue(&quiet)
		}
	}
	for name, list := range map[string][]time.Duration{"quiet": quiet, "pruning": pruning} {
		slices.Sort(list)
		ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
		b.ReportMetric(ms(list[len(list)/2]), name+"-p50-ms")
		b.ReportMetric(ms(list[len(list)*99/100]), name+"-p99-ms")
		b.ReportMetric(ms(list[len(list)-1]), name+"-max-ms")
	}
}

// age makes old messages of new ones.
func age(b *testing.B, q *queue.Queue, db *sql.DB, m *provider.Message, n int) {
	b.Helper()
	items := make([]queue.Item, 1000)
	for range n / len(items) {
		for i := range items {
			items[i] = queue.Item{Message: m.Clone()}
		}
		_, err := q.EnqueueAll(context.Background(), items...)
		require.NoError(b, err)
	}
	for _, statement := range []string{
		`DELETE FROM anysms_queue`,
		`UPDATE anysms_messages SET id = 'msg_00' || substr(id, 7), status = 'delivered', created_at = 1, updated_at = 1, last_attempt_at = 1`,
	} {
		_, err := db.ExecContext(context.Background(), statement)
		require.NoError(b, err)
	}
}
