package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"
)

// Change is a change that other programs are told about: a message's new status, an
// incoming message, or an opt-out. A ledger records changes with Options.Feed.
type Change struct {
	Seq int64 // grows with each change, in the order of the commits
	// Type is "message." and a Status other than queued and sending; "message.received";
	// "optout.added" or "optout.removed".
	Type      string
	At        time.Time
	Namespace string   // of the message; "" for an opt-out too
	Message   *Message // as it is now, but with the status that Type says; nil = there is none, or it was deleted
	Event     *Event   // of message.received
	OptOut    *OptOut  // of optout.added and optout.removed
}

// ErrPruned means that changes after the requested one have been deleted.
var ErrPruned = errors.New("ledger: older than the retention")

// feedPruned is the cursor with the last change that was deleted.
const feedPruned = "feed.pruned"

const putChange = `INSERT INTO anysms_feed (kind, at, namespace, subject, detail) VALUES ($1, $2, $3, $4, $5)`

// told lists the rows of the feed for what the batch has changed.
func (w *work) told() (rows [][]any) {
	if !w.ledger.options.Feed {
		return nil
	}
	add := func(kind, namespace, subject, detail string) {
		rows = append(rows, []any{kind, micros(w.now), namespace, subject, detail})
	}
	for _, r := range w.messages {
		if r.changed && r.Status != r.was && r.Status != Queued && r.Status != Sending {
			add("message."+string(r.Status), r.Namespace, r.ID, "")
		}
	}
	for _, e := range w.newEvents {
		if e.Kind != "inbound" {
			continue
		}
		namespace := ""
		if r := w.messages[e.Message]; r != nil {
			namespace = r.Namespace
		}
		add("message.received", namespace, e.key, "")
	}
	for _, o := range w.goneOptOuts {
		add("optout.removed", "", o.Number, o.detail())
	}
	for _, o := range w.newOptOuts {
		add("optout.added", "", o.Number, o.detail())
	}
	return rows
}

func (o OptOut) detail() string {
	o.Number = ""
	b, _ := json.Marshal(o) // plain fields cannot fail
	return string(b)
}

// Feed returns changes in their order, from the one after seq on, at most limit. It returns
// what is durable, so that a crash of the machine takes back nothing that was told. Changes
// that were deleted since are ErrPruned.
func (l *Ledger) Feed(ctx context.Context, seq int64, limit int) (list []Change, err error) {
	err = l.readDurable(ctx, func(tx Tx) (found bool, err error) {
		list = nil
		pruned, err := feedStart(ctx, tx)
		if err != nil {
			return false, err
		}
		if seq < pruned {
			return false, ErrPruned
		}
		subjects, err := readChanges(ctx, tx, seq, limit, &list)
		if err != nil || len(list) == 0 {
			return false, err
		}
		return true, describeChanges(ctx, tx, list, subjects)
	})
	if errors.Is(err, ErrPruned) {
		return nil, err
	}
	if err != nil {
		return nil, keepVerdict(err)
	}
	return list, nil
}

// FeedEnd returns the last change, with which Feed begins at what comes next.
func (l *Ledger) FeedEnd(ctx context.Context) (seq int64, err error) {
	err = l.readDurable(ctx, func(tx Tx) (found bool, err error) {
		seq, err = feedStart(ctx, tx)
		if err != nil {
			return false, err
		}
		return true, tx.Query(ctx, func(scan scanner) error { return scan(&seq) }, `SELECT seq FROM anysms_feed ORDER BY seq DESC LIMIT 1`)
	})
	return seq, keepVerdict(err)
}

// readDurable reads what others may be told of.
func (l *Ledger) readDurable(ctx context.Context, f func(Tx) (found bool, err error)) error {
	if p, ok := l.db.(Pipelined); ok {
		return p.ReadDurable(ctx, f)
	}
	return l.db.Read(ctx, func(tx Tx) error {
		_, err := f(tx)
		return err
	})
}

// feedStart returns the last change that was deleted; 0 = none was.
func feedStart(ctx context.Context, tx Tx) (seq int64, err error) {
	value := ""
	err = tx.Query(ctx, func(scan scanner) error { return scan(&value) }, `SELECT value FROM anysms_cursors WHERE name = $1`, feedPruned)
	if err != nil || value == "" {
		return 0, err
	}
	return strconv.ParseInt(value, 10, 64)
}

func readChanges(ctx context.Context, tx Tx, seq int64, limit int, list *[]Change) (subjects []string, err error) {
	err = tx.Query(ctx, func(scan scanner) error {
		var c Change
		var at int64
		var subject, detail string
		if err := scan(&c.Seq, &c.Type, &at, &c.Namespace, &subject, &detail); err != nil {
			return err
		}
		c.At = timeOf(at)
		if detail != "" {
			c.OptOut = new(OptOut)
			if err := json.Unmarshal([]byte(detail), c.OptOut); err != nil {
				return err
			}
			c.OptOut.Number = subject
		}
		*list, subjects = append(*list, c), append(subjects, subject)
		return nil
	}, `SELECT seq, kind, at, namespace, subject, detail FROM anysms_feed WHERE seq > $1 ORDER BY seq LIMIT $2`, seq, limit)
	return subjects, err
}

// describeChanges adds the messages and events that changes are about.
func describeChanges(ctx context.Context, tx Tx, list []Change, subjects []string) error {
	events := make(map[string]*Event)
	err := tx.Query(ctx, func(scan scanner) error {
		e := new(Event)
		err := scanEvent(scan, e)
		events[e.key] = e
		return err
	}, `SELECT `+eventColumns+` FROM anysms_events WHERE event_key = ANY($1)`, subjects)
	if err != nil {
		return err
	}
	ids := slices.Clone(subjects)
	for _, e := range events {
		ids = append(ids, e.Message)
	}
	messages := make(map[string]*Message)
	err = tx.Query(ctx, func(scan scanner) error {
		m := new(Message)
		err := scanMessage(scan, m)
		messages[m.ID] = m
		return err
	}, `SELECT `+messageColumns+` FROM anysms_messages WHERE id = ANY($1)`, ids)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].about(subjects[i], messages, events)
	}
	return nil
}

func (c *Change) about(subject string, messages map[string]*Message, events map[string]*Event) {
	if c.OptOut != nil {
		return
	}
	if c.Event = events[subject]; c.Event != nil {
		subject = c.Event.Message
	}
	m := messages[subject]
	if m == nil {
		return
	}
	copied := *m // several changes may be about it
	if c.Event == nil {
		copied.Status = Status(c.Type[len("message."):])
	}
	c.Message = &copied
}

// pruneFeed deletes old changes, and remembers the last one.
func (l *Ledger) pruneFeed(ctx context.Context, tx Tx, limit int) (p Pruned, more bool, err error) {
	var rows [][]any
	var last int64
	err = tx.Query(ctx, func(scan scanner) error {
		var seq int64
		err := scan(&seq)
		rows, last = append(rows, []any{seq}), max(last, seq)
		return err
	}, `SELECT seq FROM anysms_feed WHERE at < $1 ORDER BY at LIMIT $2`, micros(time.Now().Add(-l.options.Retention)), limit)
	if err != nil || len(rows) == 0 {
		return p, false, err
	}
	if _, err = tx.Exec(ctx, `DELETE FROM anysms_feed WHERE seq = $1`, rows...); err != nil {
		return p, false, err
	}
	_, err = tx.Exec(ctx, putCursor, []any{feedPruned, strconv.FormatInt(last, 10), micros(time.Now())})
	return p, len(rows) == limit, err
}
