package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/anysms/anysms/provider"
)

// Filter selects messages. A field with its zero value does not restrict.
type Filter struct {
	Ref, To, Provider, Tag string
	Status                 Status
	Class                  provider.Class
	Since, Until           time.Time // of creation; Since is inclusive, Until is not
	Limit                  int       // default 50, at most 500
	Cursor                 string    // the next of the page before
	// Namespace is that of the messages, or [AllNamespaces]; "" = Options.Namespace.
	Namespace string
}

// AllNamespaces selects the messages of every namespace.
const AllNamespaces = "*"

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Found is a page of a search.
type Found struct {
	Messages []Message
	Next     string // the Cursor of the page after it; "" = there is none
	// Reached is how far back the search has looked, if it ended before the page was full
	// or there was nothing more; zero = it did not.
	Reached time.Time
}

// Messages returns a page of messages, the newest first, without their attempts and
// events. next is the Cursor of the following page; "" = there is none.
func (l *Ledger) Messages(ctx context.Context, f Filter) (page []Message, next string, err error) {
	const forEver = 100 * 365 * 24 * time.Hour
	found, err := l.Search(ctx, f, forEver)
	return found.Messages, found.Next, err
}

// Search is [Ledger.Messages] for somebody who waits. A number, a ref, a tag, and every
// combination of status, namespace, class and provider is found by an index; for other
// combinations the messages are read, the newest first. That ends, after the patience and
// about 50 ms more at most, with a page that may have fewer messages than there are, or
// none, and a Next that goes on from there.
func (l *Ledger) Search(ctx context.Context, f Filter, patience time.Duration) (found Found, err error) {
	switch {
	case f.Limit == 0:
		f.Limit = DefaultLimit
	case f.Limit < 0 || f.Limit > MaxLimit:
		return found, fmt.Errorf("ledger: limit %d; want 1 to %d", f.Limit, MaxLimit)
	}
	if f.Namespace == "" {
		f.Namespace = l.options.Namespace
	}
	deadline := time.Now().Add(patience)
	err = l.db.Read(ctx, func(tx Tx) error {
		s := &search{Filter: f, tx: tx, deadline: deadline}
		err := s.run(ctx)
		found = s.found
		return err
	})
	if err != nil {
		return Found{}, keepVerdict(err)
	}
	return found, nil
}

// search is one search, in one transaction.
type search struct {
	Filter
	tx       Tx
	deadline time.Time
	found    Found
}

func (s *search) run(ctx context.Context) error {
	if s.To != "" || s.Ref != "" || s.Tag != "" || s.Status == "" && s.Provider == "" && s.Class == "" && s.Namespace == AllNamespaces {
		return s.lookBack(ctx)
	}
	list, complete, err := s.combinations(ctx)
	if err != nil {
		return err
	}
	if !complete {
		return s.lookBack(ctx)
	}
	return s.merge(ctx, list)
}

// conditions collects the conditions of a statement with their arguments.
type conditions struct {
	list []string
	args []any
}

// add adds a condition, in which ? stands for the value, unless the value is empty.
func (c *conditions) add(condition, value string) {
	if value != "" {
		c.always(condition, clean(value))
	}
}

func (c *conditions) always(condition string, value any) {
	c.args = append(c.args, value)
	c.list = append(c.list, strings.Replace(condition, "?", fmt.Sprintf("$%d", len(c.args)), 1))
}

func (c *conditions) String() string {
	if len(c.list) == 0 {
		return "1 = 1"
	}
	return strings.Join(c.list, " AND ")
}

// period adds the conditions on time and cursor.
func (s *search) period(c *conditions) {
	c.add("id < ?", s.Cursor)
	if !s.Since.IsZero() {
		c.always("id >= ?", idAt("msg_", s.Since))
		c.always("created_at >= ?", micros(s.Since))
	}
	if !s.Until.IsZero() {
		c.always("id < ?", idAt("msg_", s.Until.Add(time.Millisecond)))
		c.always("created_at < ?", micros(s.Until))
	}
}

// index adds the condition that an index serves, if there is one.
func (s *search) index(c *conditions) {
	switch {
	case s.Ref != "":
		c.add("ref <> '' AND ref = ?", s.Ref)
	case s.To != "":
		c.add("recipient = ?", s.To)
	case s.Tag != "":
		c.add("tag <> '' AND tag = ?", s.Tag)
	}
}

// others adds the conditions that index does not, so that no other index serves them: it
// would not have the messages in their order.
func (s *search) others(c *conditions) {
	if s.Ref != "" {
		c.add("recipient || '' = ?", s.To)
	}
	if s.Ref != "" || s.To != "" {
		c.add("tag || '' = ?", s.Tag)
	}
	c.add("status || '' = ?", string(s.Status))
	c.add("class || '' = ?", string(s.Class))
	c.add("provider || '' = ?", s.Provider)
	if s.Namespace != AllNamespaces {
		c.always("namespace || '' = ?", clean(s.Namespace))
	}
}

// read adds the newest messages on which the conditions hold to the page, as many as it
// lacks and one more.
func (s *search) read(ctx context.Context, c *conditions) error {
	return s.tx.Query(ctx, func(scan scanner) error {
		var m Message
		err := scanMessage(scan, &m)
		s.found.Messages = append(s.found.Messages, m)
		return err
	}, fmt.Sprintf(`SELECT %s FROM anysms_messages WHERE %s ORDER BY id DESC LIMIT %d`, messageColumns, c, s.Limit+1), c.args...)
}

// full cuts a page with more messages than the limit, and reports whether it was one.
func (s *search) full() bool {
	if len(s.found.Messages) <= s.Limit {
		return false
	}
	s.found.Messages = s.found.Messages[:s.Limit]
	s.found.Next = s.found.Messages[s.Limit-1].ID
	return true
}

// How many messages are looked at before the clock is, at first and at most.
const (
	firstStretch = 200
	lastStretch  = 16_000
)

// lookBack looks through the messages, one stretch after the other, until the page is full
// or time is up.
func (s *search) lookBack(ctx context.Context) error {
	for size := firstStretch; ; size = min(2*size, lastStretch) {
		var where conditions
		s.index(&where)
		s.period(&where)
		served := where
		s.others(&where)
		begin := ""
		if len(where.list) > len(served.list) { // else all that is looked at is found
			var err error
			if begin, err = s.stretch(ctx, &served, size); err != nil {
				return err
			}
		}
		where.add("id >= ?", begin)
		if err := s.read(ctx, &where); err != nil {
			return err
		}
		if s.full() || begin == "" {
			return nil
		}
		if !time.Now().Before(s.deadline) {
			if s.found.Next = begin; len(s.found.Messages) < s.Limit {
				s.found.Reached = madeAt(begin)
			}
			return nil
		}
		s.Cursor = begin
	}
}

// stretch returns the id that a number of messages are not before; "" = there are not so
// many.
func (s *search) stretch(ctx context.Context, where *conditions, size int) (begin string, err error) {
	err = s.tx.Query(ctx, func(scan scanner) error { return scan(&begin) },
		fmt.Sprintf(`SELECT id FROM anysms_messages WHERE %s ORDER BY id DESC LIMIT 1 OFFSET %d`, where, size-1), where.args...)
	return begin, err
}
