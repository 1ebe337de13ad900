package ledger

import (
	"cmp"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
)

// Status is the status of a message. The package documentation has the rules.
type Status string

// The statuses.
const (
	Queued      Status = "queued"      // no attempt was made yet
	Sending     Status = "sending"     // an attempt is under way
	Accepted    Status = "accepted"    // a vendor has it
	Sent        Status = "sent"        // the vendor has passed it on
	Delivered   Status = "delivered"   // it has arrived
	Undelivered Status = "undelivered" // it will not arrive
	Expired     Status = "expired"     // its validity ended before it arrived
	Rejected    Status = "rejected"    // the vendor or a network took it and then rejected it
	Refused     Status = "refused"     // no vendor took it, and none will
	NotSent     Status = "not_sent"    // no vendor took it; another try may succeed
	Unknown     Status = "unknown"     // a vendor may have it
	Cancelled   Status = "cancelled"   // it was withdrawn
)

// Statuses lists all statuses.
func Statuses() []Status {
	return []Status{
		Queued, Sending, Accepted, Sent, Delivered, Undelivered, Expired, Rejected,
		Refused, NotSent, Unknown, Cancelled,
	}
}

// Final reports whether the status is not expected to change again. A late report
// may change it all the same.
func (s Status) Final() bool {
	switch s {
	case Delivered, Undelivered, Expired, Rejected, Refused, NotSent, Cancelled:
		return true
	}
	return false
}

// standing is what the reports about one attempt come to.
type standing struct {
	proof        bool // the vendor has the message, or had it
	contradicted bool // although the attempt was proven not to have reached it
	status       Status
	at           time.Time // of the report behind a final status
}

// settled is what is known of an attempt once the reports are counted in.
func settled(o provider.Outcome, s standing) provider.Outcome {
	if s.proof {
		return provider.OutcomeAccepted
	}
	return o
}

// reportOf is the delivery status that a vendor's word stands for; "" = the word says
// nothing of the message. A failure that the vendor may still take back is no more
// than sent.
func reportOf(s provider.Status, final bool) Status {
	switch s {
	case provider.StatusAccepted, provider.StatusQueued:
		return Accepted
	case provider.StatusSent:
		return Sent
	case provider.StatusDelivered:
		return Delivered
	case provider.StatusUndelivered, provider.StatusExpired, provider.StatusRejected, provider.StatusCancelled:
		if !final {
			return Sent
		}
		return Status(s)
	}
	return ""
}

// standingOf folds the reports about one attempt. The order of the reports does not
// matter.
func standingOf(outcome provider.Outcome, reports []*Event) standing {
	s := standing{status: Accepted}
	parts := make(map[int][]*Event) // by the number of the segment
	of := 0
	for _, e := range reports {
		if e.Kind != provider.Report {
			continue
		}
		if e.Segment != nil {
			parts[e.Segment.Number] = append(parts[e.Segment.Number], e)
			of = max(of, e.Segment.Of)
			s.proof = s.proof || reportOf(e.Segment.Status, true) != ""
			continue
		}
		s.take(reportOf(e.Status, e.Final), e.At)
	}
	s.take(ofSegments(parts, of))
	s.contradicted = s.proof && (outcome == provider.OutcomeNotSent || outcome == provider.OutcomeRefused)
	return s
}

// take counts in a report about the whole message.
func (s *standing) take(status Status, at time.Time) {
	if status == "" {
		return
	}
	s.proof = true
	switch {
	case status == Delivered:
		if s.status != Delivered || at.After(s.at) {
			s.status, s.at = status, at
		}
	case s.status == Delivered:
	case !status.Final():
		if s.status == Accepted {
			s.status = status
		}
	case !s.status.Final() || later(status, at, s.status, s.at):
		s.status, s.at = status, at
	}
}

// later orders two final reports: by the vendor's time, and at the same time by how
// bad they are, so that the order in which they came does not matter.
func later(a Status, at time.Time, b Status, bt time.Time) bool {
	return cmp.Or(at.Compare(bt), badness(a)-badness(b)) > 0
}

// badness orders final statuses; delivered is the least bad.
func badness(s Status) int {
	return slices.Index([]Status{Delivered, Cancelled, Expired, Undelivered, Rejected}, s)
}

// ofSegments is what the reports about single segments say of the message: delivered
// when all are, else the worst final one; sent as long as neither holds. Segments
// whose number the vendor does not say are told apart by their reports.
func ofSegments(parts map[int][]*Event, of int) (Status, time.Time) {
	if len(parts) == 0 {
		return "", time.Time{}
	}
	var ends []standing
	for number, reports := range parts {
		if number == 0 {
			for _, e := range reports {
				ends = append(ends, segmentStanding(e))
			}
			continue
		}
		ends = append(ends, segmentStanding(reports...))
	}
	delivered, state, at := 0, Status(""), time.Time{}
	worst := Delivered
	for _, end := range ends {
		if !end.proof {
			continue
		}
		state = Sent
		if end.at.After(at) {
			at = end.at
		}
		switch {
		case end.status == Delivered:
			delivered++
		case end.status.Final() && badness(end.status) > badness(worst):
			worst = end.status
		}
	}
	switch {
	case worst != Delivered:
		return worst, at
	case delivered > 0 && delivered >= of:
		return Delivered, at
	}
	return state, at
}

// segmentStanding folds the reports about one segment. A vendor's word about a segment
// is final.
func segmentStanding(reports ...*Event) standing {
	s := standing{status: Accepted}
	for _, e := range reports {
		s.take(reportOf(e.Segment.Status, true), e.At)
	}
	return s
}

// trail is what the status of a message follows from.
type trail struct {
	// concluded is what the last send came to; "" = none has ended, waiting = it is in
	// the queue.
	concluded provider.Outcome
	cancelled bool
	attempts  []*Attempt // with their standing
}

// status is the status of a message.
func (t trail) status() Status {
	var best *standing
	var open, doubt, notSent bool
	for _, a := range t.attempts {
		switch settled(a.Outcome, a.standing) {
		case provider.OutcomeAccepted:
			if best == nil || outranks(a.standing, *best) {
				best = &a.standing
			}
		case provider.OutcomeUnknown:
			doubt = true
		case provider.OutcomeNotSent:
			notSent = true
		case "":
			open = true
		}
	}
	switch {
	case best != nil:
		return best.status
	case open:
		return Sending
	case doubt:
		return Unknown
	case t.cancelled:
		return Cancelled
	case t.concluded == waiting:
		return Queued
	case t.concluded == provider.OutcomeRefused:
		return Refused
	case notSent, t.concluded == provider.OutcomeNotSent:
		return NotSent
	case len(t.attempts) > 0:
		return Refused
	}
	return Queued
}

// outranks reports whether a says more of the message than b: delivered comes first,
// then what may still become delivered, then the later of two failures.
func outranks(a, b standing) bool {
	if x, y := rank(a.status), rank(b.status); x != y {
		return x > y
	}
	return a.status.Final() && later(a.status, a.at, b.status, b.at)
}

func rank(s Status) int {
	switch s {
	case Delivered:
		return 3
	case Sent:
		return 2
	case Accepted:
		return 1
	}
	return 0
}
