package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/anysms/anysms/provider"
)

// DeadJobs lists dead letters by id, those of one class if it is not "", beginning after
// an id.
func (l *Ledger) DeadJobs(ctx context.Context, class provider.Class, after string, limit int) (jobs []*Job, err error) {
	err = l.db.Read(ctx, func(tx Tx) error {
		jobs = nil
		return tx.Query(ctx, func(scan scanner) error {
			j, err := scanJob(scan)
			jobs = append(jobs, j)
			return err
		}, `SELECT `+jobColumns+` FROM anysms_queue WHERE state = 'dead' AND ($1 = '' OR class = $1) AND message > $2 ORDER BY message LIMIT $3`,
			string(class), clean(after), limit)
	})
	return jobs, keepVerdict(err)
}

// DeadJob returns one dead letter. A message that is none is an error that says what it
// is.
func (l *Ledger) DeadJob(ctx context.Context, id string) (j *Job, err error) {
	err = l.db.Read(ctx, func(tx Tx) error {
		j = nil
		return tx.Query(ctx, func(scan scanner) (err error) {
			j, err = scanJob(scan)
			return err
		}, `SELECT `+jobColumns+` FROM anysms_queue WHERE message = $1 AND state = 'dead'`, clean(id))
	})
	if err != nil || j != nil {
		return j, keepVerdict(err)
	}
	m, err := l.Message(ctx, id)
	if err != nil {
		return nil, err
	}
	if m.Status == NotSent {
		return nil, fmt.Errorf("ledger: message %s was not sent, and its text is deleted already: queue it again", id)
	}
	return nil, fmt.Errorf("ledger: message %s is %s; only one that was not sent can be put back", id, m.Status)
}

// Requeue puts dead letters back into the queue, and returns how many that were. Those
// that are not dead any more are left alone.
func (l *Ledger) Requeue(ctx context.Context, jobs []*Job) (int, error) {
	n := needs{}
	for _, j := range jobs {
		n.messages = append(n.messages, j.ID)
	}
	counts := make(chan int, 2)
	err := l.do(ctx, n, func(w *work) error {
		count := 0
		for _, j := range jobs {
			r := w.messages[j.ID]
			if r == nil || r.Status != NotSent {
				continue
			}
			own := *j
			r.concluded, r.Code, r.Reason = waiting, "", ""
			if r.Text == "" && j.Message.Class != provider.OTP {
				r.Text = j.Message.Text
			}
			w.jobs = append(w.jobs, &own)
			w.touch(r)
			count++
		}
		for len(counts) > 0 {
			<-counts
		}
		counts <- count
		return nil
	})
	if err != nil {
		return 0, keepVerdict(err)
	}
	return <-counts, nil
}

// Worker is the process that works on the queue of a database with a single worker.
type Worker struct {
	PID     int
	Address string // where it can be reached; "" = nowhere
}

// WorkerError means that another process is working on the queue.
type WorkerError struct{ Worker }

func (e *WorkerError) Error() string {
	at := ""
	if e.Address != "" {
		at = " at " + e.Address
	}
	return fmt.Sprintf("another process works on this queue: pid %d%s", e.PID, at)
}

// LockWorker makes this process the only worker, until unlock is called or the process
// ends. The error is a [*WorkerError] if there is another. A database for several
// machines has no such lock; then the error is [errors.ErrUnsupported].
func (l *Ledger) LockWorker(w Worker) (unlock func() error, err error) {
	db, ok := l.db.(interface {
		LockWorker(w Worker) (func() error, error)
	})
	if !ok {
		return nil, fmt.Errorf("ledger: this database takes any number of workers: %w", errors.ErrUnsupported)
	}
	return db.LockWorker(w)
}
