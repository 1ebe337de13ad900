package ledger

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering"
)

// needs says what a change has to know.
type needs struct {
	refs        []string // claims, and their messages
	attempts    []string // messages of these attempts
	messages    []string // ids
	providerIDs []string // messages of the latest attempts with these ids
	parked      []string // events without a message, with these ids
	keys        []string // which of these events are known
	numbers     []string // opt-outs
	queueRefs   []refKey // claims of any namespace, and their messages
	jobs        []string // of these messages
	count       bool     // how many commits there are, with this one
}

func (n *needs) add(m needs) {
	n.refs = append(n.refs, m.refs...)
	n.attempts = append(n.attempts, m.attempts...)
	n.messages = append(n.messages, m.messages...)
	n.providerIDs = append(n.providerIDs, m.providerIDs...)
	n.parked = append(n.parked, m.parked...)
	n.keys = append(n.keys, m.keys...)
	n.numbers = append(n.numbers, m.numbers...)
	n.queueRefs = append(n.queueRefs, m.queueRefs...)
	n.jobs = append(n.jobs, m.jobs...)
}

// refKey is what a ref is unique in, and the ref.
type refKey struct{ namespace, ref string }

// claim is the right to send the message with a ref.
type claim struct {
	refKey
	fingerprint, message string
	owner, run           string // "" = nobody has it
	until                time.Time
	changed              bool
	fresh                bool // it is not in the database yet
}

// record is a message with all that its status follows from.
type record struct {
	Message

	attempts []*Attempt
	events   []*Event
	gone     []string // attempts to delete
	was      Status   // as it is in the database; "" = it is new
	changed  bool
	stored   *seldom // what the database has; nil = it does not have the message
}

// work is the part of the ledger that a batch of changes works on. What is changed in
// it is written back by save.
type work struct {
	ledger *Ledger
	now    time.Time

	claims   map[string]*claim // by the ref that a router has: the caller's, or the id of a queued message
	byRef    map[refKey]*claim // each of them once
	messages map[string]*record
	attempts map[string]*record    // by the id of the attempt
	byID     map[vendorID]*Attempt // by the ids of segments too
	parked   map[string][]*Event   // events without a message, by the vendor's id
	known    map[string]bool       // keys of events
	optOuts  map[string][]OptOut   // by number
	alive    map[string]bool       // runs
	stored   map[string]Attempt    // what the database has, by id
	queued   map[string]queuedJob  // jobs that are ready, by message

	commits     int64    // how many there are, with this one
	jobs        []*Job   // to put into the queue, or back
	goneJobs    []string // messages that leave the queue
	deferred    [][]any  // rows of jobs
	dead        [][]any
	settled     []string // messages that were queued and have an outcome now
	newEvents   []*Event
	cursors     [][]any
	joined      []*Event // that were parked
	segments    [][]any  // new rows of their ids
	newOptOuts  []OptOut
	goneOptOuts []OptOut
}

// load reads what the needs name and is not held; h may be nil.
func (l *Ledger) load(ctx context.Context, tx Tx, n needs, h *held) (*work, error) {
	w := &work{
		ledger: l, now: time.Now(),
		claims: make(map[string]*claim), messages: make(map[string]*record), attempts: make(map[string]*record),
		parked: make(map[string][]*Event), known: make(map[string]bool), optOuts: make(map[string][]OptOut),
		alive: make(map[string]bool), byID: make(map[vendorID]*Attempt), byRef: make(map[refKey]*claim),
		stored: make(map[string]Attempt), queued: make(map[string]queuedJob),
	}
	q := &questions{Tx: tx}
	if h != nil {
		n.refs = h.take(w, n.refs)
	}
	_, queued := splitRefs(n.refs)
	known := slices.Concat(n.messages, queued)
	var ids []string // of other messages
	for _, read := range []func() error{
		func() error { return w.loadClaims(ctx, q, n.refs, &ids) },
		func() error { return w.loadQueueRefs(ctx, q, n.queueRefs, &ids) },
		func() error { return w.loadOwners(ctx, q, n, &ids) },
		func() error { return w.loadKeys(ctx, q, n.keys) },
		func() error { return w.loadOptOuts(ctx, q, n.numbers) },
		func() error { return w.loadJobs(ctx, q, n.jobs) },
		func() error { return w.countCommit(ctx, q, n.count) },
		func() error { return w.loadRecords(ctx, q, w.unread(known)) },
		func() error { return w.loadParked(ctx, q, n.parked) },
		func() error { return q.ask(ctx) },
		func() error { return w.loadRecords(ctx, q, w.unread(ids)) },
		func() error { return q.ask(ctx) },
		func() error { w.freeAccepted(); return w.findRuns(ctx, tx) },
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	for _, r := range w.messages {
		r.fold()
	}
	return w, nil
}

// questions is a [Tx] that gathers queries, to ask them in one round trip if the database
// can do that.
type questions struct {
	Tx
	list []Question
}

// Query implements [Tx], but the answer comes with ask.
func (q *questions) Query(_ context.Context, row func(scanner) error, sql string, args ...any) error {
	q.list = append(q.list, Question{SQL: sql, Args: args, Row: row})
	return nil
}

// ask reads what the queries return, in their order.
func (q *questions) ask(ctx context.Context) error {
	list := q.list
	q.list = nil
	if b, ok := q.Tx.(Batched); ok {
		return b.QueryAll(ctx, list)
	}
	for _, one := range list {
		if err := q.Tx.Query(ctx, one.Row, one.SQL, one.Args...); err != nil {
			return err
		}
	}
	return nil
}

// freeAccepted frees the claims whose owners have had the message accepted: Finish leaves
// them as they are in the database.
func (w *work) freeAccepted() {
	for _, c := range w.byRef {
		if r := w.messages[c.message]; r != nil && r.concluded == provider.OutcomeAccepted && !r.underWay(c.owner) {
			c.owner, c.run = "", ""
		}
	}
}

// underWay reports whether an attempt of an owner is under way.
func (r *record) underWay(owner string) bool {
	return slices.ContainsFunc(r.attempts, func(a *Attempt) bool { return a.owner == owner && a.Outcome == "" })
}

// findRuns asks which other runs live that have a claim or an attempt under way.
func (w *work) findRuns(ctx context.Context, tx Tx) error {
	own := w.ledger.db.Run()
	others := make(map[string]bool)
	for _, c := range w.byRef {
		if c.owner != "" && c.run != own {
			others[c.run] = true
		}
	}
	for _, r := range w.messages {
		for _, a := range r.attempts {
			if a.Outcome == "" && a.run != own {
				others[a.run] = true
			}
		}
	}
	if len(others) == 0 {
		return nil
	}
	alive, err := w.ledger.db.Alive(ctx, tx, slices.Collect(maps.Keys(others)))
	w.alive = alive
	return err
}

// lives reports whether a run has not ended.
func (w *work) lives(run string) bool { return run == w.ledger.db.Run() || w.alive[run] }

// fold derives what follows from the attempts and the events.
func (r *record) fold() {
	t := trail{concluded: r.concluded, cancelled: r.cancelled}
	for _, a := range r.attempts {
		var about []*Event
		for _, e := range r.events {
			if e.Attempt == a.ID && !a.ofPart(e) {
				about = append(about, e)
			}
		}
		a.standing = standingOf(a.Outcome, about)
		a.Settled, a.Contradicted = settled(a.Outcome, a.standing), a.standing.contradicted
		if reported := chargeOf(about); reported != nil && (a.Charged == nil || *a.Charged != *reported) {
			a.Charged = reported
		}
		t.attempts = append(t.attempts, a)
	}
	r.Status = t.status()
}

// ofPart reports whether a report is about a segment of an attempt in doubt whose other
// segments the vendor may not have: it says nothing of the message.
func (a *Attempt) ofPart(e *Event) bool {
	return e.Segment != nil && a.Outcome == provider.OutcomeUnknown && a.ProviderID != "" && slices.Contains(provider.SegmentIDs(a.ProviderID), "")
}

// touch folds a message that was changed, and marks it to be written.
func (w *work) touch(r *record) {
	r.fold()
	r.changed, r.UpdatedAt = true, w.now
	if a := r.acceptedBy(); a != nil {
		r.Provider, r.ProviderID, r.Code, r.Reason = a.Provider, a.ProviderID, "", ""
		r.price(a)
	}
	if r.Status.Final() && !w.ledger.options.KeepTexts {
		r.Text = ""
	}
}

// newMessage adds a message.
func (w *work) newMessage() *record {
	r := &record{Message: Message{
		ID: newID("msg_", w.now), Namespace: w.ledger.options.Namespace, Status: Queued, CreatedAt: w.now, UpdatedAt: w.now,
	}}
	w.messages[r.ID] = r
	r.changed = true
	return r
}

func (w *work) addAttempt(r *record, a *Attempt) {
	a.message = r.ID
	r.attempts = append(r.attempts, a)
	w.attempts[a.ID] = r
	r.changed = true
	if a.StartedAt.After(r.lastAttempt) {
		r.lastAttempt = a.StartedAt
	}
}

func (w *work) removeAttempt(r *record, a *Attempt) {
	r.attempts = slices.DeleteFunc(r.attempts, func(b *Attempt) bool { return a == b })
	r.gone = append(r.gone, a.ID)
	delete(w.attempts, a.ID)
	r.changed = true
}

// attempt returns the attempt with an id; nil = there is none.
func (r *record) attempt(id string) *Attempt {
	for _, a := range r.attempts {
		if a.ID == id {
			return a
		}
	}
	return nil
}

// acceptedBy returns the attempt that the status follows from, if a vendor has the
// message.
func (r *record) acceptedBy() *Attempt {
	var best *Attempt
	for _, a := range r.attempts {
		if a.Settled == provider.OutcomeAccepted && (best == nil || outranks(a.standing, best.standing)) {
			best = a
		}
	}
	return best
}

// setRecipient notes whom the message goes to.
func (r *record) setRecipient(n e164.Number) {
	r.To, r.Country = n.String(), numbering.Region(n)
}
