// Package riverqueue is package queue over PostgreSQL, for any number of processes and
// machines. River wakes the workers.
//
//	l, err := postgres.Open(ctx, "postgres://sms@db/shop?sslmode=verify-full", ledger.Options{Key: key})
//	…
//	r, err := router.New(providers, &router.Options{Store: l, Journal: l})
//	…
//	q, err := riverqueue.New(ctx, l, r, queue.Options{})
//	…
//	go q.Run(ctx)
//
// A program queues messages beside changes of its own, so that both last or none:
//
//	tx, err := pool.Begin(ctx)
//	_, err = tx.Exec(ctx, "INSERT INTO orders …")
//	done, err := q.EnqueueTx(ctx, tx, &provider.Message{To: to, Text: "Thank you for your order.", Ref: "order-1042"})
//	err = tx.Commit(ctx)
//
// # What River does
//
// River wakes somebody; the ledger decides. A job of River's holds the id of a message and
// nothing else. The outcome of a send is committed first, and River's job completes
// afterwards: after a crash in between, the next worker finds the outcome and does
// nothing. A job whose worker has died is rescued after 75 seconds; if the claim of the
// dead worker is still there, the attempt is unknown, and is not repeated under
// at_most_once. A job whose worker was only stopped waits until that worker goes on.
//
// Do not cancel River's jobs: Queue.Cancel withdraws messages. What is in the queue and has
// no living job, whatever became of it, gets another one within a few minutes.
package riverqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/queue"
)

// Queue is a [queue.Queue] over PostgreSQL. It must be closed.
type Queue struct {
	*queue.Queue
	engine *engine
}

// New returns a queue in a ledger of package postgres. The router must have the ledger as
// its Store. It fails with a [*ClockError] if this machine's clock is more than a minute from
// the server's; so does Run, also when that happens later.
func New(ctx context.Context, l *ledger.Ledger, r *router.Router, o queue.Options) (*Queue, error) {
	if l == nil {
		return nil, errors.New("queue: a ledger and a router are needed")
	}
	config := postgres.PoolConfig(l)
	if config == nil {
		return nil, errors.New("queue: River needs a ledger in PostgreSQL")
	}
	config.AfterConnect = forgetful
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	e := &engine{pool: pool, log: o.Log, sweepEvery: sweepEvery}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	o.Engine = e
	q, err := queue.New(l, r, o)
	if err == nil {
		err = e.checkClock(ctx)
	}
	if err == nil {
		e.client, err = river.NewClient(riverpgxv5.New(pool), e.config(q))
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	l.OnEnqueue(e.wake)
	return &Queue{Queue: q, engine: e}, nil
}

// forgetful lets River's commits not wait for the disk. A crash of the server may undo the
// last of them: a job is fetched or completed once more then, and the ledger knows what
// became of its message. Jobs are inserted in the ledger's transactions, which do wait.
func forgetful(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SET synchronous_commit = off`)
	return err
}

// Close closes the queue's connections, after Run has returned.
func (q *Queue) Close() { q.engine.pool.Close() }

// EnqueueTx queues messages in the caller's own transaction, beside the caller's changes,
// and returns what became of each, in their order. They are sent once it is committed.
// The transaction's search_path must be that of the ledger.
//
// A reused ref, or a message that must not be sent, spoils itself only. An error means that
// the transaction cannot go on, and that all of it may be repeated; so it is when another
// transaction has queued the same new ref meanwhile, which is waited for. Queueing again
// what was refused or not sent holds up all writers of the ledger until the transaction ends.
func (q *Queue) EnqueueTx(ctx context.Context, tx pgx.Tx, ms ...*provider.Message) ([]queue.Enqueued, error) {
	items := make([]queue.Item, len(ms))
	for i, m := range ms {
		items[i].Message = m
	}
	return q.EnqueueItemsTx(ctx, tx, items...)
}

// EnqueueItemsTx is EnqueueTx for messages with a namespace or a text that is rendered.
func (q *Queue) EnqueueItemsTx(ctx context.Context, tx pgx.Tx, items ...queue.Item) ([]queue.Enqueued, error) {
	list, err := q.EnqueueBy(ctx, items, func(jobs []*ledger.Job) ([]queue.Enqueued, error) {
		return q.Ledger().EnqueueIn(ctx, postgres.Tx(tx), jobs, func() error { return postgres.LockWriters(ctx, tx) })
	})
	if err == nil && slices.ContainsFunc(list, func(e queue.Enqueued) bool { return e.Replayed }) {
		err = postgres.AwaitSeen(ctx, tx) // whoever has queued it may not have it on disk yet
	}
	return list, err
}

// args are the arguments of River's jobs, all of one kind.
type args struct {
	ID      string `json:"id"` // of the message
	Version int    `json:"v"`
}

// version is that of args. A job of a newer one is left to newer programs.
const version = 1

// Kind implements [river.JobArgs].
func (args) Kind() string { return "anysms_send" }

// The times of a job. A send ends within 50 seconds.
const (
	jobTime     = time.Minute
	rescueAfter = 75 * time.Second
	newerPause  = time.Minute     // of what only a newer program can read
	faultPause  = 2 * time.Second // while the database fails
	stopTime    = 70 * time.Second
)

// queueName is River's queue for a class.
func queueName(class provider.Class) string { return "anysms_" + string(class) }

// engine is a [queue.Engine].
type engine struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	log    *slog.Logger

	sweepEvery time.Duration
}

func (e *engine) config(q *queue.Queue) *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{queue: q, log: e.log})
	queues := make(map[string]river.QueueConfig)
	for _, class := range queue.Classes() {
		queues[queueName(class)] = river.QueueConfig{MaxWorkers: q.Lane(class).Workers}
	}
	return &river.Config{
		Queues: queues, Workers: workers, Logger: e.log,
		JobTimeout: jobTime, RescueStuckJobsAfter: rescueAfter, MaxAttempts: 32767,
		FetchCooldown: 2 * time.Millisecond, FetchPollInterval: 500 * time.Millisecond,
		CompletedJobRetentionPeriod: 10 * time.Minute,
	}
}

// wake makes the jobs that wake workers, in the transaction that queues messages.
func (e *engine) wake(ctx context.Context, in ledger.Tx, jobs []*ledger.Job) error {
	tx, err := postgres.PgxTx(ctx, in)
	if err != nil {
		return err
	}
	params := make([]river.InsertManyParams, len(jobs))
	for i, j := range jobs {
		params[i] = river.InsertManyParams{Args: args{j.ID, version}, InsertOpts: insertOpts(j.Class(), j.Due)}
	}
	rows, err := e.client.InsertManyTx(ctx, tx, params)
	if err != nil {
		return err
	}
	for i, row := range rows {
		jobs[i].Wake = row.Job.ID
	}
	return nil
}

// insertOpts makes a job that is due available at once: River looks for scheduled ones every
// few seconds only.
func insertOpts(class provider.Class, due time.Time) *river.InsertOpts {
	o := &river.InsertOpts{Queue: queueName(class)}
	if due.After(time.Now()) {
		o.ScheduledAt = due
	}
	return o
}

// insert makes one job.
func (e *engine) insert(ctx context.Context, tx pgx.Tx, id string, class provider.Class, due time.Time) (int64, error) {
	row, err := e.client.InsertTx(ctx, tx, args{id, version}, insertOpts(class, due))
	if err != nil {
		return 0, err
	}
	return row.Job.ID, nil
}

// Pause implements [queue.Engine].
func (e *engine) Pause(ctx context.Context, class provider.Class, paused bool) error {
	change := e.client.QueueResume
	if paused {
		change = e.client.QueuePause
	}
	err := change(ctx, queueName(class), nil)
	if errors.Is(err, rivertype.ErrNotFound) { // nobody has worked on it yet; whoever does looks at the ledger
		return nil
	}
	return err
}

// Run implements [queue.Engine].
func (e *engine) Run(ctx context.Context, q *queue.Queue) error {
	if err := q.Ledger().Recover(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	if err := e.checkClock(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	if err := e.client.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	err := e.sweepUntil(ctx, q)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return errors.Join(err, e.client.Stop(stop))
}

// worker sends the messages that River wakes it for.
type worker struct {
	river.WorkerDefaults[args]
	queue *queue.Queue
	log   *slog.Logger
}

// Work implements [river.Worker]. River's context is not passed on: one that ends in the
// middle of a send would leave it in doubt. A send ends by itself.
func (w *worker) Work(ctx context.Context, job *river.Job[args]) error {
	if job.Args.Version > version {
		return river.JobSnooze(newerPause)
	}
	again, err := w.queue.Work(context.WithoutCancel(ctx), job.Args.ID)
	switch {
	case errors.Is(err, ledger.ErrUnreadable):
		w.log.ErrorContext(ctx, "a queued message waits for a program that can read it", "id", job.Args.ID, "error", err)
		return river.JobSnooze(newerPause)
	case err != nil:
		w.log.ErrorContext(ctx, "the queue cannot be read", "id", job.Args.ID, "error", err)
		return river.JobSnooze(faultPause)
	case !again.IsZero():
		return river.JobSnooze(max(0, time.Until(again)))
	}
	return nil
}

// NextRetry implements [river.Worker]: a job that was rescued is tried at once.
func (w *worker) NextRetry(*river.Job[args]) time.Time { return time.Now() }
