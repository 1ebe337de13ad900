package riverqueue_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
	"github.com/anysms/anysms/router/queue"
	"github.com/anysms/anysms/router/queue/queuetest"
	"github.com/anysms/anysms/router/queue/riverqueue"
)

// BenchmarkRiver compares the queue with what River can do at all: with jobs that do
// nothing, and with jobs that write the rows that the ledger writes for a message, in the
// same two steps with group commit, and know of no ledger. -benchtime 10000x is long enough.
func BenchmarkRiver(b *testing.B) {
	b.Run("jobs that do nothing", func(b *testing.B) {
		q := newRiverBench(b)
		q.runBare(func(context.Context, string) error { return nil })
	})
	b.Run("jobs with the two writes", func(b *testing.B) {
		q := newRiverBench(b)
		w := newBareWriter(b, q)
		q.runBare(w.work)
		w.close()
		b.ReportMetric(float64(2*b.N)/float64(w.commits), "changes/commit")
	})
	b.Run("queue", func(b *testing.B) {
		q := newRiverBench(b)
		q.run()
	})
}

// BenchmarkWorkers compares one worker process with two, over a vendor that counts.
func BenchmarkWorkers(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			address := postgrestest.Schema(b)
			rate := queuetest.Rate(b, queuetest.Kill{
				Messages: max(50, b.N), Workers: workers, New: newWorker, Args: []string{address},
				Open: func() *ledger.Ledger { return open(b, address) },
			})
			b.ReportMetric(rate, "messages/s")
		})
	}
}

// riverBench is a database with b.N queued messages and a job of River's for each.
type riverBench struct {
	*testing.B
	address string
	ledger  *ledger.Ledger
	queue   *riverqueue.Queue
	pool    *pgxpool.Pool
	vendor  *memory.Provider
	ids     []string
}

func newRiverBench(b *testing.B) *riverBench {
	q := &riverBench{B: b, address: postgrestest.Schema(b)}
	q.ledger = open(b, q.address)
	b.Cleanup(func() { require.NoError(b, q.ledger.Close()) })
	var err error
	q.vendor, err = memory.New(memory.Config{})
	require.NoError(b, err)
	r, err := router.New([]router.Upstream{{Name: "memory", Provider: q.vendor}},
		&router.Options{Store: q.ledger, Journal: q.ledger, Validation: router.Shape})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, r.Close(context.Background())) })
	q.queue, err = riverqueue.New(b.Context(), q.ledger, r, queue.Options{})
	require.NoError(b, err)
	b.Cleanup(q.queue.Close)
	q.pool, err = pgxpool.NewWithConfig(b.Context(), postgres.PoolConfig(q.ledger))
	require.NoError(b, err)
	b.Cleanup(q.pool.Close)
	for len(q.ids) < b.N {
		items := make([]queue.Item, min(500, b.N-len(q.ids)))
		for i := range items {
			to := e164.MustParse(fmt.Sprintf("+1212%07d", len(q.ids)+i))
			items[i].Message = &provider.Message{To: to, Text: "Your parcel is here."}
		}
		list, err := q.queue.EnqueueAll(b.Context(), items...)
		require.NoError(b, err)
		for _, e := range list {
			require.NoError(b, e.Err)
			q.ids = append(q.ids, e.ID)
		}
	}
	_, err = q.pool.Exec(b.Context(), "ANALYZE") // else it happens in the middle of one of them
	require.NoError(b, err)
	return q
}

// run times the queue until every message has its outcome.
func (q *riverBench) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	defer func() { cancel(); done.Wait() }()
	var settled []<-chan struct{}
	for _, id := range q.ids {
		c, forget := q.ledger.Watch(id)
		defer forget()
		settled = append(settled, c)
	}
	q.ResetTimer()
	done.Go(func() { _ = q.queue.Run(ctx) })
	for _, c := range settled {
		<-c
	}
	q.StopTimer()
	require.Len(q, q.vendor.Messages(), q.N)
}

type bareArgs struct {
	ID string `json:"id"`
}

func (bareArgs) Kind() string { return "anysms_send" }

type bareWorker struct {
	river.WorkerDefaults[bareArgs]
	work func(ctx context.Context, id string) error
	left *atomic.Int64
	done chan struct{}
}

func (w *bareWorker) Work(ctx context.Context, job *river.Job[bareArgs]) error {
	if err := w.work(ctx, job.Args.ID); err != nil {
		return err
	}
	if w.left.Add(-1) == 0 {
		close(w.done)
	}
	return nil
}

// runBare times River with the queue's own settings and another worker.
func (q *riverBench) runBare(work func(ctx context.Context, id string) error) {
	w := &bareWorker{work: work, left: new(atomic.Int64), done: make(chan struct{})}
	w.left.Store(int64(q.N))
	config := q.queue.Config()
	config.Workers = river.NewWorkers()
	river.AddWorker(config.Workers, w)
	client, err := river.NewClient(riverpgxv5.New(q.pool), config)
	require.NoError(q, err)
	q.ResetTimer()
	require.NoError(q, client.Start(context.Background()))
	<-w.done
	q.StopTimer()
	require.NoError(q, client.Stop(context.Background()))
}

// statement is one that the ledger runs, with its arguments.
type statement struct {
	sql  string
	args []any
}

// recorder is a database that notes what is written.
type recorder struct {
	ledger.Database
	commits [][]statement
}

func (r *recorder) Write(ctx context.Context, f func(ledger.Tx) error) error {
	return r.Database.Write(ctx, func(tx ledger.Tx) error {
		in := &recorded{Tx: tx}
		err := f(in)
		r.commits = append(r.commits, in.list)
		return err
	})
}

type recorded struct {
	ledger.Tx
	list []statement
}

func (r *recorded) Exec(ctx context.Context, sql string, args ...[]any) (int64, error) {
	for _, row := range args {
		r.list = append(r.list, statement{sql, row})
	}
	return r.Tx.Exec(ctx, sql, args...)
}

// bareWriter makes the writes of the ledger for each message, without the ledger.
type bareWriter struct {
	testing.TB
	pool    *pgxpool.Pool
	steps   [][]statement // of the message that was recorded
	message string        // its id
	attempt string        // that of its attempt
	ops     chan *bareOp
	ended   chan struct{}
	commits int
}

type bareOp struct {
	step    int
	id, att string
	done    chan error
}

// newBareWriter learns from one message what the ledger writes.
func newBareWriter(b testing.TB, q *riverBench) *bareWriter {
	ids, err := q.queue.EnqueueAll(b.Context(), queue.Item{Message: &provider.Message{To: e164.MustParse("+12125550123"), Text: "Your parcel is here."}})
	require.NoError(b, err)
	w := &bareWriter{TB: b, pool: q.pool, message: ids[0].ID, ops: make(chan *bareOp, 256), ended: make(chan struct{})}
	r := &recorder{Database: q.ledger.Database()}
	l, err := ledger.New(b.Context(), r, ledger.Options{Key: testKey})
	require.NoError(b, err)
	m := &provider.Message{To: e164.MustParse("+12125550123"), Text: "Your parcel is here.", Ref: w.message}
	w.attempt = l.NewAttempt()
	c := router.Claim{Ref: w.message, Owner: "owner", Keep: 24 * time.Hour, Message: m, Intent: &router.JournalEntry{Provider: "memory", Attempt: w.attempt}}
	r.commits = nil
	_, err = l.Begin(b.Context(), c)
	require.NoError(b, err)
	require.NoError(b, l.Finish(b.Context(), c, &router.Result{
		Status: provider.OutcomeAccepted, Provider: "memory", ID: "memory-1", Encoding: "gsm7", Segments: 1,
		Attempts: []router.Attempt{{ID: w.attempt, Provider: "memory", Outcome: provider.OutcomeAccepted}},
	}))
	w.steps = r.commits
	require.Len(b, w.steps, 2)
	_, err = q.pool.Exec(b.Context(), `DELETE FROM river_job WHERE args->>'id' = $1`, w.message)
	require.NoError(b, err)
	go w.commitAll()
	return w
}

func (w *bareWriter) work(_ context.Context, id string) error {
	att := "att_" + id[len("msg_"):]
	for step := range w.steps {
		o := &bareOp{step, id, att, make(chan error, 1)}
		w.ops <- o
		if err := <-o.done; err != nil {
			return err
		}
	}
	return nil
}

func (w *bareWriter) commitAll() {
	defer close(w.ended)
	for o := range w.ops {
		list := []*bareOp{o}
		runtime.Gosched()
		for len(w.ops) > 0 && len(list) < cap(w.ops) {
			list = append(list, <-w.ops)
		}
		err := pgx.BeginFunc(context.Background(), w.pool, func(tx pgx.Tx) error { return tx.SendBatch(context.Background(), w.batch(list)).Close() })
		w.commits++
		for _, o := range list {
			o.done <- err
		}
	}
}

func (w *bareWriter) batch(list []*bareOp) *pgx.Batch {
	var b pgx.Batch
	for _, o := range list {
		for _, s := range w.steps[o.step] {
			args := make([]any, len(s.args))
			for i, a := range s.args {
				switch a {
				case w.message:
					a = o.id
				case w.attempt:
					a = o.att
				}
				args[i] = a
			}
			b.Queue(s.sql, args...)
		}
	}
	return &b
}

func (w *bareWriter) close() { close(w.ops); <-w.ended }
