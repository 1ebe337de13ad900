package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// The states of a job.
const (
	ready = "ready"
	dead  = "dead" // it was given up or refused, and can be put back
)

// payloadVersion is that of payload. A program that would not send the messages of an
// older one right, or whose own an older one would not, has a higher one.
const payloadVersion = 1

// ErrUnreadable means that this program cannot read a queued message: a newer one has
// queued it, or it is damaged. The message stays in the queue.
var ErrUnreadable = errors.New("the queued message cannot be read")

// payload is what of a job is deleted with it.
type payload struct {
	Version   int               `json:"v"`
	To        e164.Number       `json:"to"`
	From      string            `json:"from,omitempty"`
	Text      string            `json:"text,omitempty"`
	Render    string            `json:"render,omitempty"`
	Ref       string            `json:"ref,omitempty"`
	Tag       string            `json:"tag,omitempty"`
	Namespace string            `json:"namespace,omitempty"`
	Client    string            `json:"client,omitempty"`
	Validity  time.Duration     `json:"validity,omitempty"`
	SendAt    time.Time         `json:"send_at,omitzero"`
	Deadline  time.Time         `json:"deadline,omitzero"`
	Delivery  provider.Delivery `json:"delivery,omitempty"`
	Extra     map[string]string `json:"extra,omitempty"`
}

const jobColumns = `message, class, state, due_at, give_up_at, tries, reason, payload, wake, created_at, updated_at`

// readJob are the columns of scanJob. A message keeps the attempts of all its time in the
// queue; those that do not count are told by their number. One under way may not be made.
var readJob = `q.` + strings.Join(columns(jobColumns), `, q.`) + `, (` + attemptsOf + `q.message AND a.outcome <> '') - q.free_attempts`

const attemptsOf = `SELECT COUNT(*) FROM anysms_attempts a WHERE a.message = `

var putJob = strings.Replace(upsert("anysms_queue", jobColumns+", free_attempts"), "(id)", "(message)", 1)

func (j *Job) row(now time.Time) []any {
	m := j.Message
	b, _ := json.Marshal(payload{ // plain fields cannot fail
		payloadVersion, m.To, m.From, m.Text, j.Render, m.Ref, m.Tag, j.Namespace, j.Client, m.Validity, m.SendAt, m.Deadline, m.Delivery, m.Extra,
	})
	return []any{
		j.ID, string(j.Class()), ready, micros(j.Due), micros(j.GiveUp), j.Tries, j.Reason,
		strings.ReplaceAll(string(b), `\u0000`, `\ufffd`), j.Wake, micros(j.CreatedAt), micros(now), j.free,
	}
}

// scanJob reads a row. Of a job that is unreadable it returns the id and what it has spent.
func scanJob(scan scanner) (*Job, error) {
	var class, state, body string
	var due, giveUp, created, updated int64
	var p payload
	j := new(Job)
	if err := scan(&j.ID, &class, &state, &due, &giveUp, &j.Tries, &j.Reason, &body, &j.Wake, &created, &updated, &j.Spent); err != nil {
		return nil, err
	}
	err := json.Unmarshal([]byte(body), &p)
	switch {
	case p.Version > payloadVersion:
		return j, fmt.Errorf("%w: %s was queued by a newer anysms (version %d; this program reads %d)", ErrUnreadable, j.ID, p.Version, payloadVersion)
	case err != nil:
		return j, fmt.Errorf("%w: %s: %w", ErrUnreadable, j.ID, err)
	}
	j.Namespace, j.Client, j.Render, j.updated = p.Namespace, p.Client, p.Render, timeOf(updated)
	j.Due, j.GiveUp, j.CreatedAt = timeOf(due), timeOf(giveUp), timeOf(created)
	j.Message = &provider.Message{
		To: p.To, From: p.From, Text: p.Text, Ref: p.Ref, Tag: p.Tag, Class: provider.Class(class), Validity: p.Validity,
		SendAt: p.SendAt, Deadline: p.Deadline, Delivery: p.Delivery, Extra: p.Extra,
	}
	return j, nil
}

// wakeJobs makes what wakes workers for the jobs that are put into the queue.
func (w *work) wakeJobs(ctx context.Context, tx Tx) error {
	wake := w.ledger.wake.Load()
	if wake == nil || len(w.jobs) == 0 {
		return nil
	}
	return (*wake)(ctx, tx, w.jobs)
}

// jobStatements write what was changed in the queue.
func (w *work) jobStatements() []Statement {
	var jobs, gone [][]any
	for _, j := range w.jobs {
		jobs = append(jobs, j.row(w.now))
	}
	for _, id := range w.goneJobs {
		gone = append(gone, []any{id})
	}
	return []Statement{
		{putJob, jobs},
		{`DELETE FROM anysms_queue WHERE message = $1`, gone},
		{`UPDATE anysms_queue SET due_at = $1, tries = $2, reason = $3, updated_at = $4, free_attempts = (` + attemptsOf + `anysms_queue.message AND a.outcome <> '') - $5
			WHERE message = $6 AND state = 'ready'`, w.deferred},
		{`UPDATE anysms_queue SET state = 'dead', reason = $1, updated_at = $2 WHERE message = $3`, w.dead},
	}
}

// unreadablePause is how long a job rests that this program cannot read.
const unreadablePause = time.Minute

// DueJobs returns jobs of a class that are due at a time, the longest due first, and
// when the next one is due after that; zero = there is none. What cannot be read is
// logged, and looked at again in a minute.
func (l *Ledger) DueJobs(ctx context.Context, class provider.Class, at time.Time, limit int) (jobs []*Job, next time.Time, err error) {
	for {
		var unread []*Job
		jobs, unread, next, err = l.readDue(ctx, class, at, limit)
		if err == nil && len(unread) > 0 {
			err = l.putOff(ctx, unread, at.Add(unreadablePause))
		}
		if err != nil || len(unread) == 0 || len(jobs) > 0 {
			return jobs, next, keepVerdict(err)
		}
	}
}

// putOff lets jobs rest until a time.
func (l *Ledger) putOff(ctx context.Context, jobs []*Job, until time.Time) error {
	return l.do(ctx, needs{}, func(w *work) error {
		for _, j := range jobs {
			w.deferred = append(w.deferred, []any{micros(until), j.Tries, ErrUnreadable.Error(), micros(w.now), j.Spent, j.ID})
		}
		return nil
	})
}

func (l *Ledger) readDue(ctx context.Context, class provider.Class, at time.Time, limit int) (jobs, unread []*Job, next time.Time, err error) {
	err = l.db.Read(ctx, func(tx Tx) error {
		jobs, unread, next = nil, nil, time.Time{}
		err := tx.Query(ctx, func(scan scanner) error {
			j, err := scanJob(scan)
			switch {
			case errors.Is(err, ErrUnreadable):
				l.options.Log.ErrorContext(ctx, "a queued message waits for a program that can read it", "id", j.ID, "error", err)
				unread = append(unread, j)
				return nil
			case err == nil:
				jobs = append(jobs, j)
			}
			return err
		}, `SELECT `+readJob+` FROM anysms_queue q WHERE class = $1 AND state = 'ready' AND due_at <= $2 ORDER BY due_at, message LIMIT $3`,
			string(class), micros(at), limit)
		if err != nil {
			return err
		}
		return tx.Query(ctx, func(scan scanner) error {
			var us int64
			err := scan(&us)
			next = timeOf(us)
			return err
		}, `SELECT due_at FROM anysms_queue WHERE class = $1 AND state = 'ready' AND due_at > $2 ORDER BY due_at LIMIT 1`, string(class), micros(at))
	})
	return jobs, unread, next, err
}

// queuedJob is a job as it was read, or why it cannot be.
type queuedJob struct {
	job *Job
	err error
}

// loadJobs reads the jobs of messages that are in the queue. One that cannot be read
// spoils no other.
func (w *work) loadJobs(ctx context.Context, tx Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.Query(ctx, func(scan scanner) error {
		j, err := scanJob(scan)
		if j == nil {
			return err
		}
		w.queued[j.ID] = queuedJob{j, err}
		return nil
	}, `SELECT `+readJob+` FROM anysms_queue q WHERE message = ANY($1) AND state = 'ready'`, ids)
}

// Job returns a queued message, or [ErrNotQueued], or [ErrUnreadable]. Calls at the same time share a
// transaction.
func (l *Ledger) Job(ctx context.Context, id string) (*Job, error) {
	var found queuedJob
	err := l.queue(ctx, l.looks, needs{jobs: []string{clean(id)}}, func(w *work) error {
		found = w.queued[id]
		return nil
	})
	if err != nil {
		return nil, keepVerdict(err)
	}
	switch {
	case found.err != nil:
		return nil, keepVerdict(found.err)
	case found.job == nil:
		return nil, ErrNotQueued
	}
	return found.job, nil
}

// Depth sums up the jobs of one class.
type Depth struct {
	Class  provider.Class `json:"class"`
	Ready  int            `json:"ready"`           // to be sent now
	Later  int            `json:"later"`           // scheduled or deferred
	Dead   int            `json:"dead"`            // given up or refused; they can be put back
	Oldest time.Time      `json:"oldest,omitzero"` // when the oldest that is not dead was queued; zero = there is none
	Next   time.Time      `json:"next,omitzero"`   // when the next one is due; zero = none waits
	Paused bool           `json:"paused"`
}

// Depths sums up the queue by class; every class is listed.
func (l *Ledger) Depths(ctx context.Context) (list []Depth, err error) {
	err = l.db.Read(ctx, func(tx Tx) error {
		byClass := make(map[provider.Class]*Depth)
		list = make([]Depth, len(classes))
		for i, c := range classes {
			list[i].Class = c
			byClass[c] = &list[i]
		}
		err := tx.Query(ctx, func(scan scanner) error {
			var class provider.Class
			var d Depth
			var oldest, next int64
			if err := scan(&class, &d.Ready, &d.Later, &d.Dead, &oldest, &next); err != nil || byClass[class] == nil {
				return err
			}
			d.Class, d.Oldest, d.Next = class, timeOf(oldest), timeOf(next)
			*byClass[class] = d
			return nil
		}, `SELECT class, COALESCE(SUM(CASE WHEN state = 'ready' AND due_at <= $1 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN state = 'ready' AND due_at > $1 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN state = 'dead' THEN 1 ELSE 0 END), 0),
			COALESCE(MIN(CASE WHEN state = 'ready' THEN created_at END), 0),
			COALESCE(MIN(CASE WHEN state = 'ready' AND due_at > $1 THEN due_at END), 0)
			FROM anysms_queue GROUP BY class`, micros(time.Now()))
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Paused, err = paused(ctx, tx, list[i].Class); err != nil {
				return err
			}
		}
		return nil
	})
	return list, keepVerdict(err)
}

func pauseName(class provider.Class) string { return "queue paused " + string(classOf(class)) }

func paused(ctx context.Context, tx Tx, class provider.Class) (is bool, err error) {
	err = tx.Query(ctx, func(scan scanner) error {
		var value string
		err := scan(&value)
		is = value != ""
		return err
	}, `SELECT value FROM anysms_cursors WHERE name = $1`, pauseName(class))
	return is, err
}

// Paused reports whether a class is paused, in every process.
func (l *Ledger) Paused(ctx context.Context, class provider.Class) (is bool, err error) {
	err = l.db.Read(ctx, func(tx Tx) (err error) {
		is, err = paused(ctx, tx, class)
		return err
	})
	return is, keepVerdict(err)
}

// SetPaused pauses a class, or resumes it.
func (l *Ledger) SetPaused(ctx context.Context, class provider.Class, pause bool) error {
	value := ""
	if pause {
		value = "yes"
	}
	return keepVerdict(l.do(ctx, needs{}, func(w *work) error {
		w.cursors = append(w.cursors, []any{pauseName(class), value, micros(w.now)})
		return nil
	}))
}

// pruneDead deletes dead letters, and so their texts.
func (l *Ledger) pruneDead(ctx context.Context, tx Tx, limit int) (Pruned, bool, error) {
	n, err := tx.Exec(ctx, `DELETE FROM anysms_queue WHERE message IN
		(SELECT message FROM anysms_queue WHERE state = 'dead' AND updated_at < $1 LIMIT $2)`,
		[]any{micros(time.Now().Add(-l.options.Settle)), limit})
	return Pruned{Texts: int(n)}, int(n) == limit, err
}

// loadQueueRefs reads the claims of queued messages, and of those that are to be queued.
func (w *work) loadQueueRefs(ctx context.Context, tx Tx, keys []refKey, ids *[]string) error {
	byNamespace := make(map[string][]string)
	for _, k := range keys {
		byNamespace[k.namespace] = append(byNamespace[k.namespace], k.ref)
	}
	for namespace, refs := range byNamespace {
		if err := w.readClaims(ctx, tx, ids, claimsByRef, namespace, refs); err != nil {
			return err
		}
	}
	return nil
}

// addClaim adds a claim, unless it is there already.
func (w *work) addClaim(c *claim) {
	if w.byRef[c.refKey] != nil {
		return
	}
	w.byRef[c.refKey], w.claims[c.message] = c, c
	if c.namespace == w.ledger.options.Namespace {
		w.claims[c.ref] = c
	}
}

// splitRefs tells the refs that callers chose from ids of queued messages.
func splitRefs(refs []string) (plain, queued []string) {
	for _, ref := range refs {
		if len(ref) == len("msg_")+36 && strings.HasPrefix(ref, "msg_") {
			queued = append(queued, ref)
			continue
		}
		plain = append(plain, ref)
	}
	return plain, queued
}
