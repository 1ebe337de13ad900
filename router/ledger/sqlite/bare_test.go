package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// recorder is a database that notes what is written.
type recorder struct {
	*database
	commits [][]written
}

type written struct {
	text string
	args [][]any
}

// recorded is a transaction of a recorder.
type recorded struct {
	ledger.Tx
	list []written
}

func (r *recorded) Exec(ctx context.Context, text string, args ...[]any) (int64, error) {
	r.list = append(r.list, written{text, args})
	return r.Tx.Exec(ctx, text, args...)
}

func (r *recorder) Commit(ctx context.Context, f func(ledger.Tx) error) (func() error, error) {
	return r.database.Commit(ctx, func(tx ledger.Tx) error {
		in := &recorded{Tx: tx}
		err := f(in)
		r.commits = append(r.commits, in.list)
		return err
	})
}

// BenchmarkBare claims and finishes messages, 64 at a time, and then writes the same rows
// to another database in the same transactions, each with its fsync, without a ledger.
// The two are compared by their ns/message; -benchtime 20000x is long enough.
func BenchmarkBare(b *testing.B) { benchBare(b, claimAll) }

// BenchmarkBareEnqueue is BenchmarkBare for messages that are queued, a hundred at a time.
func BenchmarkBareEnqueue(b *testing.B) { benchBare(b, enqueueAll) }

func benchBare(b *testing.B, use func(*testing.B, *ledger.Ledger)) {
	b.Helper()
	var r *recorder
	b.Run("ledger", func(b *testing.B) {
		r = &recorder{database: openBench(b)}
		l, err := ledger.New(b.Context(), r, ledger.Options{Key: make([]byte, 32)})
		require.NoError(b, err)
		r.commits = nil
		b.ResetTimer()
		use(b, l)
		b.StopTimer()
		b.ReportMetric(float64(b.Elapsed())/float64(b.N), "ns/message")
		b.ReportMetric(float64(b.N)/float64(len(r.commits)), "messages/commit")
		require.NoError(b, l.Close())
	})
	b.Run("bare", func(b *testing.B) {
		db := openBench(b)
		b.ResetTimer()
		for _, commit := range r.commits {
			require.NoError(b, db.Write(b.Context(), func(tx ledger.Tx) error {
				for _, w := range commit {
					if _, err := tx.Exec(b.Context(), w.text, w.args...); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		b.StopTimer()
		b.ReportMetric(float64(b.Elapsed())/float64(r.messages()), "ns/message")
		require.NoError(b, db.Close())
	})
}

// messages counts those whose rows were written.
func (r *recorder) messages() (n int64) {
	for _, commit := range r.commits {
		for _, w := range commit {
			if strings.HasPrefix(w.text, "INSERT INTO anysms_messages") {
				n += int64(len(w.args))
			}
		}
	}
	return n
}

func openBench(b testing.TB) *database {
	b.Helper()
	db, err := open(b.Context(), filepath.Join(b.TempDir(), "anysms.db"))
	require.NoError(b, err)
	return db
}

// enqueueAll queues b.N messages, a hundred at a time.
func enqueueAll(b *testing.B, l *ledger.Ledger) {
	b.Helper()
	var jobs []*ledger.Job
	for i := range b.N {
		m := &provider.Message{To: e164.MustParse("+12125550123"), Text: "Your parcel is here.", Ref: fmt.Sprint("row-", i)}
		jobs = append(jobs, &ledger.Job{Message: m, Keep: time.Hour, Due: time.Now()})
	}
	for part := range slices.Chunk(jobs, 100) {
		_, err := l.Enqueue(b.Context(), part)
		require.NoError(b, err)
	}
}

// claimAll claims and finishes b.N messages, 64 at a time.
func claimAll(b *testing.B, l *ledger.Ledger) {
	b.Helper()
	var last atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ref := fmt.Sprint("row-", last.Add(1))
			m := &provider.Message{To: e164.MustParse("+12125550123"), Text: "Your parcel is here.", Ref: ref}
			c := router.Claim{
				Ref: ref, Fingerprint: "f", Owner: ref, Keep: time.Hour, Message: m,
				Intent: &router.JournalEntry{Key: ref, Provider: "usa", Attempt: l.NewAttempt(), At: time.Now(), Message: m},
			}
			if _, err := l.Begin(context.Background(), c); err != nil {
				b.Error(err)
			}
			r := &router.Result{Ref: ref, To: m.To, Status: provider.OutcomeAccepted, Provider: "usa", ID: "id-" + ref, Segments: 1}
			r.Attempts = []router.Attempt{{ID: c.Intent.Attempt, Provider: "usa", Outcome: provider.OutcomeAccepted, StartedAt: c.Intent.At, Duration: time.Millisecond}}
			if err := l.Finish(context.Background(), c, r); err != nil {
				b.Error(err)
			}
		}
	})
}
