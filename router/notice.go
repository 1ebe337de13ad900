package router

import "time"

// Notice is an event inside the router, for programs that watch it. It holds no
// number and no text.
type Notice struct {
	Kind     NoticeKind
	At       time.Time
	Provider string
	Ref      string

	From, To BreakerState  // of NoticeBreaker
	Country  string        // of NoticeBreaker, if it is that of a country, and of NoticeRest and NoticeReturn
	Attempt  *Attempt      // of NoticeAttempt and NoticeFailover: the attempt that ended
	Next     string        // of NoticeFailover: the provider that is tried now; of NoticeRest and NoticeReturn: the first one in use
	Route    string        // of NoticeRest and NoticeReturn
	For      time.Duration // of NoticeParked; of NoticeHold how long at most, of NoticeResumed how long it was
	Guard    string        // of NoticeGuard: the rule
	Reason   string        // of NoticeHold: why the provider takes no messages, with digits masked; of NoticeGuard; of NoticeRest and NoticeReturn
	Err      error         // of NoticeFault
}

// NoticeKind is the kind of a notice.
type NoticeKind string

// The kinds of notices.
const (
	NoticeAttempt   NoticeKind = "attempt"   // an attempt ended
	NoticeFailover  NoticeKind = "failover"  // another provider is tried
	NoticeBreaker   NoticeKind = "breaker"   // a breaker changed its state
	NoticeParked    NoticeKind = "parked"    // a vendor asked for a pause
	NoticeHold      NoticeKind = "hold"      // SendAll holds messages until the provider is back; again every 30 s
	NoticeResumed   NoticeKind = "resumed"   // the provider is back after a hold
	NoticeRest      NoticeKind = "rest"      // an adaptive route moves a provider to the end, in a country
	NoticeReturn    NoticeKind = "return"    // it uses the provider again
	NoticeDuplicate NoticeKind = "duplicate" // a delivery report shows that a message was sent twice
	NoticeGuard     NoticeKind = "guard"     // a guard has something to tell: a budget is nearly used up, an attack
	NoticeFault     NoticeKind = "fault"     // the journal or the store failed
)

// BreakerState is the state of a circuit breaker.
type BreakerState string

// The states.
const (
	BreakerClosed   BreakerState = "closed"    // the provider is used
	BreakerHalfOpen BreakerState = "half_open" // a probe decides
	BreakerOpen     BreakerState = "open"      // the provider is left alone
)
