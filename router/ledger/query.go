package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/anysms/anysms/provider"
)

// ErrNotFound means that the ledger has no such message.
var ErrNotFound = errors.New("ledger: no such message")

// Message returns a message with its attempts and events.
func (l *Ledger) Message(ctx context.Context, id string) (*Message, error) {
	var m *Message
	err := l.view(ctx, needs{messages: []string{clean(id)}}, func(w *work) error {
		r := w.messages[id]
		if r == nil {
			return ErrNotFound
		}
		m = r.public()
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		return nil, err
	}
	return m, keepVerdict(err)
}

// Reported returns what a provider has reported on its message with an id, whoever
// recorded it and whether or not the ledger has the message: the status that the reports
// come to, with the vendor's words from the report behind it. nil = it has reported
// nothing that says anything of the message.
func (l *Ledger) Reported(ctx context.Context, name, id string) (e *provider.Event, err error) {
	n := needs{providerIDs: []string{clean(id)}, parked: idsOf(id)}
	err = l.view(ctx, n, func(w *work) error {
		e = reported(id, w.reportsOn(name, id))
		return nil
	})
	return e, keepVerdict(err)
}

// reportsOn lists the reports about a vendor's message, joined or not.
func (w *work) reportsOn(name, id string) (reports []*Event) {
	if r, a := w.byProviderID(name, id); r != nil {
		for _, e := range r.events {
			if e.Attempt == a.ID {
				reports = append(reports, e)
			}
		}
	}
	for _, parked := range w.parked[clean(id)] {
		if parked.Provider == name && parked.Kind == provider.Report {
			reports = append(reports, parked)
		}
	}
	return reports
}

// reported is the status that reports come to; nil = they say nothing.
func reported(id string, reports []*Event) *provider.Event {
	s := standingOf("", reports)
	if !s.proof {
		return nil
	}
	e := &provider.Event{Kind: provider.Report, ID: id, Status: provider.Status(s.status), Final: s.status.Final(), At: s.at, Cost: chargeOf(reports)}
	for _, r := range reports {
		if r.Segment == nil && reportOf(r.Status, r.Final) == s.status && (s.at.IsZero() || r.At.Equal(s.at)) {
			e.At, e.Code, e.VendorStatus, e.VendorCode, e.Segments = r.At, r.Code, r.VendorStatus, r.VendorCode, r.Segments
		}
	}
	return e
}

// public is the message with its attempts and events.
func (r *record) public() *Message {
	m := r.Message
	for _, a := range r.attempts {
		m.Attempts = append(m.Attempts, *a)
	}
	for _, e := range r.events {
		m.Events = append(m.Events, *e)
	}
	return &m
}

// Resolve settles by hand a message of unknown outcome, as accepted or not_sent. It
// changes nothing about any other message, and returns an error. The vendor of a queued
// message is not asked about it any more; as not_sent it becomes a dead letter.
func (l *Ledger) Resolve(ctx context.Context, id string, as provider.Outcome) error {
	if as != provider.OutcomeAccepted && as != provider.OutcomeNotSent {
		return fmt.Errorf("ledger: a message can be resolved as accepted or not_sent, not as %q", string(as))
	}
	return l.do(ctx, needs{messages: []string{clean(id)}}, func(w *work) error {
		r := w.messages[id]
		if r == nil {
			return ErrNotFound
		}
		w.abandon(r)
		if r.fold(); r.Status != Unknown {
			return fmt.Errorf("ledger: message %s is %s; only a message of unknown outcome can be resolved", id, r.Status)
		}
		for _, a := range r.attempts {
			if a.Settled != provider.OutcomeUnknown {
				continue
			}
			a.Outcome, a.Reconciled, a.abandoned = as, true, false
			a.Code, a.Reason = "", "resolved by hand"
			if as == provider.OutcomeNotSent {
				a.Code = provider.Unavailable
			}
		}
		before := r.concluded
		r.concluded, r.Code, r.Reason = as, "", ""
		if as == provider.OutcomeNotSent {
			r.Code, r.Reason = provider.Unavailable, "resolved by hand"
		}
		w.leaveQueue(r, before) // its vendor may have been about to be asked again
		w.touch(r)
		return nil
	})
}

// Recover marks unfinished attempts of processes that have ended as unknown. Opening a
// ledger does it once.
func (l *Ledger) Recover(ctx context.Context) error {
	const page = 500
	for after := ""; ; {
		ids, err := l.underWay(ctx, after, page)
		if err != nil || len(ids) == 0 {
			return keepVerdict(err)
		}
		after = ids[len(ids)-1]
		err = l.do(ctx, needs{messages: ids}, func(w *work) error {
			for _, r := range w.messages {
				w.abandon(r)
			}
			return nil
		})
		if err != nil {
			return keepVerdict(err)
		}
	}
}

// underWay lists messages with an attempt under way in another run.
func (l *Ledger) underWay(ctx context.Context, after string, limit int) (ids []string, err error) {
	err = l.db.Read(ctx, func(tx Tx) error {
		ids = nil
		return tx.Query(ctx, func(scan scanner) error {
			var id string
			err := scan(&id)
			ids = append(ids, id)
			return err
		}, `SELECT DISTINCT message FROM anysms_attempts WHERE outcome = '' AND run <> $1 AND message > $2 ORDER BY message LIMIT $3`,
			l.db.Run(), after, limit)
	})
	return ids, err
}
