package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anysms/anysms/provider"
)

// DeadLetter is a queued message that was given up or refused. It can be put back.
type DeadLetter struct {
	*Job
	Status Status        // not_sent or refused
	Code   provider.Code // why
	Since  time.Time
}

// DeadFilter selects dead letters. The zero value of a field selects all.
type DeadFilter struct {
	Class  provider.Class
	Status Status
	Code   provider.Code
	After  string // an id; "" = from the first
	Limit  int    // default 50
}

// DeadLetters lists dead letters, the oldest message first. Those that this program cannot
// read are left out; if there are no others, the error is [ErrUnreadable].
func (l *Ledger) DeadLetters(ctx context.Context, f DeadFilter) ([]DeadLetter, error) {
	return l.deadLetters(ctx,
		`($1 = '' OR q.class = $1) AND ($2 = '' OR m.status = $2) AND ($3 = '' OR m.code = $3) AND q.message > $4 ORDER BY q.message LIMIT $5`,
		string(f.Class), string(f.Status), string(f.Code), clean(f.After), cmp.Or(f.Limit, DefaultLimit))
}

func (l *Ledger) deadLetters(ctx context.Context, where string, args ...any) (list []DeadLetter, err error) {
	sql := `SELECT ` + readJob + `, m.status, m.code
		FROM anysms_queue q JOIN anysms_messages m ON m.id = q.message WHERE q.state = 'dead' AND ` + where
	var unreadable error
	err = l.db.Read(ctx, func(tx Tx) error {
		list, unreadable = nil, nil
		return tx.Query(ctx, func(scan scanner) (err error) {
			var d DeadLetter
			d.Job, err = scanJob(func(to ...any) error { return scan(append(to, &d.Status, &d.Code)...) })
			switch {
			case errors.Is(err, ErrUnreadable):
				unreadable = err // it is left to a program that can read it
				return nil
			case err != nil:
				return err
			}
			d.Since = d.updated
			list = append(list, d)
			return nil
		}, sql, args...)
	})
	if err == nil && len(list) == 0 {
		err = unreadable
	}
	return list, keepVerdict(err)
}

// DeadLetter returns one dead letter. A message that is none is an error that says what it
// is.
func (l *Ledger) DeadLetter(ctx context.Context, id string) (*DeadLetter, error) {
	list, err := l.deadLetters(ctx, `q.message = $1`, clean(id))
	if err != nil {
		return nil, err
	}
	if len(list) > 0 {
		return &list[0], nil
	}
	m, err := l.Message(ctx, id)
	if err != nil {
		return nil, err
	}
	if m.Status == NotSent || m.Status == Refused {
		return nil, fmt.Errorf("ledger: message %s is %s, and its text is deleted already: queue it again", id, m.Status)
	}
	return nil, fmt.Errorf("ledger: message %s is %s; only one that was not sent or refused can be put back", id, m.Status)
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
			if r == nil || r.Status != NotSent && r.Status != Refused {
				continue
			}
			own := *j
			own.free = r.ended()
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

// Error names the process, and where it can be reached.
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
