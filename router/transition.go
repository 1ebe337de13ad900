package router

import "time"

// tryState is what may still be done at one candidate.
type tryState uint8

const (
	unchanged tryState = iota // in the table only
	fresh                     // its turn has not come yet
	retrying                  // it keeps its turn and is tried again at ready
	waiting                   // its turn comes at ready, when no candidate is fresh
	done                      // passed over, or tried and not to be tried again
)

// sendState is what may still be done with the message.
type sendState uint8

const (
	sending sendState = iota // further attempts may be made
	settled                  // accepted, or left in doubt as the delivery mode asks
	refused                  // refused, and no other provider may be asked
	stopped                  // out of time or attempts, or the intent could not be written
)

// eventKind is how a candidate's turn ended.
type eventKind uint8

const (
	proceed eventKind = iota // it has not ended: the next step follows

	// Before an attempt.
	passedOver // it is not in use, or its limits leave no time
	mustWait   // it is parked, or its limits delay the message
	mustStop   // nothing may be tried any more
	known      // another send of the message was accepted
	inherited  // another send of the message has left doubt

	// After an attempt.
	accepted      // it has the message
	retryHere     // not accepted: here again after a pause
	retryLater    // not accepted: here again if no other provider accepts it
	tryNext       // not accepted: the next provider
	refusedForAll // not accepted: no other provider may be tried

	// After doubt about an attempt.
	doubtStays // the delivery mode goes no further
	found      // the vendor was asked, and lists the message
	absent     // the vendor was asked, and does not list it, which is proof
)

// transitions is the state machine of a send: the states of the candidate whose turn
// it was, and of the send, after an event.
var transitions = [...]struct {
	candidate tryState
	send      sendState
}{
	passedOver:    {done, sending},
	mustWait:      {waiting, sending},
	mustStop:      {unchanged, stopped},
	known:         {unchanged, settled},
	inherited:     {retrying, sending},
	accepted:      {done, settled},
	retryHere:     {retrying, sending},
	retryLater:    {waiting, sending},
	tryNext:       {done, sending},
	refusedForAll: {done, refused},
	doubtStays:    {done, settled},
	found:         {done, settled},
	absent:        {done, sending},
}

// event is the end of a turn.
type event struct {
	kind   eventKind
	ready  time.Time // of mustWait, retryHere and retryLater: when it may be tried; of passedOver: the same, zero = not known; of doubtStays: when to ask again, zero = never
	reason string    // of passedOver, mustWait and retryLater
	out    bool      // of mustWait and retryLater: the message is held until the provider is back
	cause  error     // of mustStop
}

// leaves reports whether the event leaves the candidate, for now or for good. Doubt
// about the candidate must be settled first.
func (e event) leaves() bool {
	switch e.kind {
	case passedOver, mustWait, tryNext, refusedForAll:
		return true
	}
	return false
}

// ending is how the attempts with a message ended.
type ending struct {
	state   sendState
	cause   error // of stopped
	skipped []Skip
	again   time.Time // when a provider that was passed over may be tried; zero = not known
	mayWait bool      // the caller wants to know that

	outUntil time.Time // when the first provider may be back, if all are out now
	askAgain time.Time // when a provider in doubt is to be asked again about the message; zero = it is not
}

// try is a candidate on its way through the loop.
type try struct {
	*candidate
	circuit    circuit
	state      tryState
	ready      time.Time // when it may be tried; zero = now, or not known
	reason     string    // why it was passed over
	out        bool      // of waiting: the message is held until the provider is back
	lastResort bool      // tried although its breaker is open
	pauses     pauses
	failedAt   time.Time // when it last failed to take the message; zero = never
	vain       int       // how often it did so while it worked for other messages
}

// others is what is left beside the candidate whose turn it is.
type others struct {
	left  bool // another one may still be tried
	fresh int  // how many have not had their turn
}

func (t *try) others(all []try) others {
	var o others
	for i := range all {
		other := &all[i]
		if other == t {
			continue
		}
		if other.state == fresh {
			o.fresh++
		}
		o.left = o.left || other.state != done
	}
	return o
}

// recognizes reports whether the provider would still know a repeated message by
// its Ref after the pause, even if it gets there only at the end of its time.
func (t *try) recognizes(tr *trail, pause time.Duration) bool {
	u := t.upstream
	return t.message.Ref != "" && u.caps.ReplayFor > 0 &&
		time.Since(tr.firstAt(u.name))+pause+u.settings.Timeout < u.caps.ReplayFor
}
