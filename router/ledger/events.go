package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
)

// Recorded counts the effects of events.
type Recorded struct {
	New           int // recorded for the first time
	Repeated      int // known already
	Unmatched     int // about no message that is known; they are kept, and joined to its receipt if that comes later
	Settled       int // turned an attempt of unknown outcome into an accepted one
	Contradicting int // are about an attempt that was proven not to have reached the vendor
	Unreadable    int // kept raw
	OptOuts       int // people who opted out, or in again
}

// Record records what a provider reports, and returns when that is durable: only then
// may the vendor be told that it was received. A report settles doubt about the attempt
// that it is about, and a reply that asks for it opts its sender out. An event that is
// known already changes nothing.
func (l *Ledger) Record(ctx context.Context, name string, events ...provider.Event) (Recorded, error) {
	n, list := newEvents(name, events)
	return l.record(ctx, n, list, nil)
}

// RecordAt records events that were asked for, and in the same commit the cursor from
// which to ask for the next.
func (l *Ledger) RecordAt(ctx context.Context, name, cursor, value string, events ...provider.Event) (Recorded, error) {
	n, list := newEvents(name, events)
	return l.record(ctx, n, list, []any{cursor, value})
}

// Cursor returns a cursor's value; "" = it was never recorded.
func (l *Ledger) Cursor(ctx context.Context, name string) (value string, err error) {
	err = l.db.Read(ctx, func(tx Tx) error {
		return tx.Query(ctx, func(scan scanner) error { return scan(&value) }, `SELECT value FROM anysms_cursors WHERE name = $1`, name)
	})
	return value, keepVerdict(err)
}

// record records events, and a cursor unless it is nil.
func (l *Ledger) record(ctx context.Context, n needs, events []*Event, cursor []any) (Recorded, error) {
	if len(events) == 0 && cursor == nil {
		return Recorded{}, nil
	}
	result := make(chan Recorded, 2) // the change may still be made when do has returned
	err := l.do(ctx, n, func(w *work) error {
		var counts Recorded
		for _, e := range events {
			copied := *e // the change may be tried again
			w.take(&copied, &counts)
		}
		if cursor != nil {
			w.cursors = append(w.cursors, append(cursor, micros(w.now)))
		}
		for len(result) > 0 {
			<-result
		}
		result <- counts
		return nil
	})
	if err != nil {
		return Recorded{}, keepVerdict(err)
	}
	return <-result, nil
}

func newEvents(name string, events []provider.Event) (n needs, list []*Event) {
	for i := range events {
		e := newEvent(name, events[i])
		list = append(list, e)
		n.add(e.needs())
	}
	return n, list
}

func newEvent(name string, e provider.Event) *Event {
	if e.Kind != provider.Unreadable {
		e.Raw = nil
	}
	key := keyOfEvent(name, &e)
	e.VendorStatus, e.VendorCode = provider.Mask(e.VendorStatus), provider.Mask(e.VendorCode)
	return &Event{Provider: name, Event: e, key: key}
}

// keyOfEvent is equal for what a vendor sends again.
func keyOfEvent(name string, e *provider.Event) string {
	var segment provider.EventSegment
	if e.Segment != nil {
		segment = *e.Segment
	}
	if e.Kind == provider.Unreadable {
		sum := sha256.Sum256(e.Raw)
		return keyOf(name, string(e.Kind), hex.EncodeToString(sum[:]))
	}
	at := ""
	if !e.At.IsZero() {
		at = e.At.UTC().Format(time.RFC3339Nano)
	}
	parts := []string{
		name, string(e.Kind), e.ID, string(e.Status), string(segment.Status), segment.Ref, fmt.Sprint(segment.Number), at,
		e.VendorStatus, e.VendorCode,
	}
	if e.Cost != nil { // a vendor that names the price later sends the same report with it
		parts = append(parts, e.Cost.String())
	}
	switch {
	case e.Kind == provider.Report && e.ID == "":
		parts = append(parts, e.Attempt, e.Ref)
	case e.Kind != provider.Report && e.ID == "":
		parts = append(parts, e.From, e.To, e.Text, e.InReplyTo)
	}
	return keyOf(parts...)
}

func keyOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (e *Event) needs() needs {
	n := needs{keys: []string{e.key}}
	if e.Event.Attempt != "" && storable(e.Event.Attempt) {
		n.attempts = []string{e.Event.Attempt}
	}
	if e.Ref != "" && storable(e.Ref) {
		n.refs = []string{e.Ref}
	}
	for _, id := range []string{e.ID, e.InReplyTo} {
		if id != "" {
			n.providerIDs, n.parked = append(n.providerIDs, clean(id)), append(n.parked, idsOf(id)...)
		}
	}
	if e.Kind == provider.Inbound && e.From != "" {
		n.numbers = []string{clean(e.From)}
	}
	return n
}

// take records an event.
func (w *work) take(e *Event, counts *Recorded) {
	if w.known[e.key] {
		counts.Repeated++
		return
	}
	w.known[e.key] = true
	counts.New++
	e.ReceivedAt = w.now
	w.newEvents = append(w.newEvents, e)
	switch e.Kind {
	case provider.Inbound:
		if r, a := w.byProviderID(e.Provider, e.InReplyTo); r != nil {
			w.join(r, a, e)
		}
		counts.OptOuts += w.heed(e)
	case provider.Unreadable:
		counts.Unreadable++
	default:
		r, a := w.match(e)
		if r == nil {
			counts.Unmatched++
			w.parked[e.ID] = append(w.parked[e.ID], e)
			return
		}
		before := *a
		w.join(r, a, e)
		w.endWaiting(r)
		if before.Settled != provider.OutcomeAccepted && a.Settled == provider.OutcomeAccepted && !a.Contradicted {
			counts.Settled++
		}
		if a.Contradicted && !before.Contradicted {
			counts.Contradicting++
		}
		if e.Code == provider.OptedOut {
			w.vendorOptOut(r, e.Provider)
		}
	}
}

// endWaiting takes a message out of the queue that a report has settled while its vendor was
// to be asked again.
func (w *work) endWaiting(r *record) {
	if r.concluded == waiting && r.acceptedBy() != nil {
		r.concluded = provider.OutcomeAccepted
		w.leaveQueue(r, waiting)
	}
}

// join makes an event part of what is known of a message.
func (w *work) join(r *record, a *Attempt, e *Event) {
	news := e.Kind == provider.Report && e.Segment == nil && completes(clean(e.ID), a.ProviderID)
	if news {
		w.identify(a, clean(e.ID))
	}
	w.append(r, a, e)
	if news {
		w.joinParked(r, a)
	}
	w.touch(r)
}

// joinParked joins the reports that came before the receipt of an attempt.
func (w *work) joinParked(r *record, a *Attempt) {
	for _, id := range idsOf(a.ProviderID) {
		var left []*Event
		for _, e := range w.parked[id] {
			if e.Provider != a.Provider || e.Message != "" {
				left = append(left, e)
				continue
			}
			w.append(r, a, e)
		}
		w.parked[id] = left
	}
}

// append adds an event to those of a message. A report with the id of a segment becomes
// one about that segment.
func (w *work) append(r *record, a *Attempt, e *Event) {
	e.Message, e.Attempt = r.ID, a.ID
	segments := segmentsOf(a.ProviderID)
	if i := slices.Index(segments, clean(e.ID)); i >= 0 && len(segments) > 1 && e.Kind == provider.Report && e.Segment == nil {
		e.Event = e.OfSegment(a.ProviderID, i+1, len(segments))
	}
	if e.Seq != 0 {
		w.joined = append(w.joined, e)
	}
	r.events = append(r.events, e)
}

// match finds the attempt that a report is about: by the attempt's id, which we put into
// the callback URL; else by our Ref; else by the vendor's id. Never by number and time.
func (w *work) match(e *Event) (*record, *Attempt) {
	if r := w.attempts[e.Event.Attempt]; r != nil {
		if a := r.attempt(e.Event.Attempt); a.Provider == e.Provider {
			return r, a
		}
	}
	var byRef *record
	if c := w.claims[e.Ref]; e.Ref != "" && c != nil {
		byRef = w.messages[c.message]
	}
	if a := byRef.attemptAt(e.Provider, clean(e.ID)); a != nil {
		return byRef, a
	}
	if r, a := w.byProviderID(e.Provider, e.ID); a != nil {
		return r, a
	}
	if a := byRef.attemptAt(e.Provider, ""); a != nil { // under another id than the receipt's
		return byRef, a
	}
	return nil, nil
}

// attemptAt returns the attempt at a provider that a report about a message means: the
// one with the vendor's id; else the last one whose id is not known. Without an id it is
// the last one. nil = there is none.
func (r *record) attemptAt(name, id string) *Attempt {
	if r == nil {
		return nil
	}
	var last *Attempt
	for _, a := range r.attempts {
		if a.Provider != name {
			continue
		}
		if id != "" && a.ProviderID == id {
			return a
		}
		if (id == "" || a.ProviderID == "") && (last == nil || !last.standsBefore(a)) {
			last = a
		}
	}
	return last
}

// standsBefore reports whether a is more likely than b to be what a vendor reports on:
// an attempt that may have reached it, else the later one.
func (a *Attempt) standsBefore(b *Attempt) bool {
	may := func(x *Attempt) bool {
		return x.Outcome == provider.OutcomeAccepted || x.Outcome == provider.OutcomeUnknown || x.Outcome == ""
	}
	if may(a) != may(b) {
		return may(a)
	}
	return a.StartedAt.After(b.StartedAt)
}

func (w *work) byProviderID(name, id string) (*record, *Attempt) {
	if id == "" {
		return nil, nil
	}
	a := w.byID[vendorID{name, clean(id)}]
	if a == nil {
		return nil, nil
	}
	return w.messages[a.message], a
}

// vendorID is a vendor's id of a message.
type vendorID struct{ provider, id string }

// identify notes the vendor's id of an attempt, and of its segments.
func (w *work) identify(a *Attempt, id string) {
	a.ProviderID = id
	w.index(a)
	for _, segment := range segmentsOf(id) {
		if segment != "" {
			w.segments = append(w.segments, []any{segment, a.Provider, a.message})
		}
	}
}

// index notes which attempt has a vendor's id: of several, the latest.
func (w *work) index(a *Attempt) {
	for _, id := range idsOf(a.ProviderID) {
		key := vendorID{a.Provider, id}
		if b := w.byID[key]; b == nil || a.StartedAt.After(b.StartedAt) {
			w.byID[key] = a
		}
	}
}

// segmentsOf returns the ids of the segments of a message, as reports have them; nil =
// it has one id, without a tag.
func segmentsOf(id string) []string {
	ids := provider.SegmentIDs(clean(id))
	if len(ids) == 1 && provider.IDTag(clean(id)) == "" {
		return nil
	}
	for i := range ids {
		ids[i] = provider.JoinSegmentIDs(ids[i : i+1])
	}
	return ids
}

// completes reports whether an id says more of the segments of a message than the one
// that is known: all that, and the ids of others.
func completes(id, known string) bool {
	if id == "" || id == known {
		return false
	}
	if known == "" {
		return true
	}
	all, some := provider.SegmentIDs(id), provider.SegmentIDs(known)
	if len(all) != len(some) || !slices.Contains(some, "") {
		return false
	}
	for i := range some {
		if some[i] != "" && some[i] != all[i] {
			return false
		}
	}
	return true
}

// idsOf returns what a vendor may call a message: its id and those of its segments.
func idsOf(id string) []string {
	if id == "" {
		return nil
	}
	ids := []string{clean(id)}
	for _, segment := range segmentsOf(id) {
		if segment != "" {
			ids = append(ids, segment)
		}
	}
	return ids
}

// Add adds other counts.
func (r *Recorded) Add(s Recorded) {
	r.New += s.New
	r.Repeated += s.Repeated
	r.Unmatched += s.Unmatched
	r.Settled += s.Settled
	r.Contradicting += s.Contradicting
	r.Unreadable += s.Unreadable
	r.OptOuts += s.OptOuts
}
