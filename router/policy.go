package router

import (
	"slices"

	"github.com/anysms/anysms/provider"
)

// This table alone decides what follows from the code of an attempt.
var table = map[provider.Code]rule{
	provider.InvalidRecipient:  {next: ifAsked},
	provider.InvalidMessage:    {next: ifAsked},
	provider.Rejected:          {next: ifAsked},
	provider.OptedOut:          {next: never},
	provider.SenderRejected:    {next: always},
	provider.Unsupported:       {next: always},
	provider.NoRoute:           {next: always},
	provider.RateLimited:       {next: always, again: whenAlone, feed: park},
	provider.Unauthenticated:   {next: always, feed: trip},
	provider.InsufficientFunds: {next: always, feed: trip},
	provider.Unavailable:       {next: always, again: afterPause, feed: count},
	provider.Indeterminate:     {next: byMode, again: withKey, feed: count},
}

// ruleFor finds the rule; a code that is not of this table proves nothing.
func ruleFor(code provider.Code) rule {
	if r, ok := table[code]; ok {
		return r
	}
	return table[provider.Indeterminate]
}

// rule is a line of the table. Its zero value is a refusal that is final and
// says nothing of the provider.
type rule struct {
	again again
	next  next
	feed  feed
}

// again is whether the same provider is tried again.
type again uint8

const (
	notAgain   again = iota
	afterPause       // after a pause
	whenAlone        // after the pause it asked for, if no other provider is left
	withKey          // if it recognises a repeated message by its Ref
)

// next is whether the next provider is tried.
type next uint8

const (
	never next = iota
	ifAsked
	always
	byMode // as the message's delivery mode says
)

// feed is what is reported to the provider's breaker.
type feed uint8

const (
	ignore feed = iota
	park        // not a failure; the provider pauses
	trip        // opens at once: every message would fare the same
	count       // a failure
)

// movesOn reports whether the next provider may be tried after this code, where
// failoverOn are the codes that the route or the router adds.
func (r rule) movesOn(code provider.Code, failoverOn []provider.Code) bool {
	switch r.next {
	case always, byMode:
		return true
	case ifAsked:
		return slices.Contains(failoverOn, code)
	}
	return false
}

// accountWide reports whether every message would meet the same failure.
func accountWide(code provider.Code) bool { return code != "" && ruleFor(code).feed == trip }

// mayFailOver are the codes that Options.FailoverOn can name.
func mayFailOver(code provider.Code) bool {
	r, ok := table[code]
	return ok && r.next == ifAsked
}
