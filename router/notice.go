package router

import "time"

// Notice is something that happened inside the router, for programs that watch
// it live. It holds no number and no text.
type Notice struct {
	Kind     NoticeKind
	At       time.Time
	Provider string
	Ref      string

	From, To BreakerState  // of NoticeBreaker
	Country  string        // of NoticeBreaker, if breakers are per country
	Attempt  *Attempt      // of NoticeAttempt and NoticeFailover: the attempt that ended
	Next     string        // of NoticeFailover: the provider that is tried now
	For      time.Duration // of NoticeParked
	Err      error         // of NoticeFault
}

// NoticeKind tells the kinds of notices apart.
type NoticeKind string

// The kinds.
const (
	NoticeAttempt   NoticeKind = "attempt"   // an attempt ended
	NoticeFailover  NoticeKind = "failover"  // the next provider is tried
	NoticeBreaker   NoticeKind = "breaker"   // a breaker changed its state
	NoticeParked    NoticeKind = "parked"    // a vendor asked for a pause
	NoticeDuplicate NoticeKind = "duplicate" // a report shows that a message went out twice
	NoticeFault     NoticeKind = "fault"     // journal or store could not be written
)

// BreakerState is whether a provider is left alone.
type BreakerState string

// The states.
const (
	BreakerClosed   BreakerState = "closed"    // in use
	BreakerHalfOpen BreakerState = "half_open" // being probed
	BreakerOpen     BreakerState = "open"      // left alone
)
