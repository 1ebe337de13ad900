package provider

import "errors"

// Code states what happened to a message that was not accepted. The set is
// closed. A Code is itself an error, so errors.Is(err, provider.OptedOut) works
// with every error of this project.
type Code string

// The codes. The comment gives the fact; what a router does about it is in
// package router.
const (
	InvalidRecipient  Code = "invalid_recipient"  // refused: the number cannot receive messages
	InvalidMessage    Code = "invalid_message"    // refused: text or another field
	OptedOut          Code = "opted_out"          // refused: the recipient does not want messages
	SenderRejected    Code = "sender_rejected"    // refused by this vendor: the sender
	Unsupported       Code = "unsupported"        // refused by this vendor: it cannot do what was asked
	NoRoute           Code = "no_route"           // refused by this vendor: it does not reach this number
	Rejected          Code = "rejected"           // refused: another or an unknown reason
	RateLimited       Code = "rate_limited"       // not accepted: too many requests
	Unauthenticated   Code = "unauthenticated"    // not accepted: credentials or permissions
	InsufficientFunds Code = "insufficient_funds" // not accepted: the account has no money
	Unavailable       Code = "unavailable"        // proven not accepted: the vendor could not be reached or did not take it
	Indeterminate     Code = "indeterminate"      // perhaps accepted
)

// Codes lists all codes.
func Codes() []Code {
	return []Code{
		InvalidRecipient, InvalidMessage, OptedOut, SenderRejected, Unsupported, NoRoute, Rejected,
		RateLimited, Unauthenticated, InsufficientFunds, Unavailable, Indeterminate,
	}
}

// Error is the code's own text.
func (c Code) Error() string { return string(c) }

// Outcome is what the code says about the message. An unknown code means
// [OutcomeUnknown]: it proves nothing.
func (c Code) Outcome() Outcome {
	switch c {
	case InvalidRecipient, InvalidMessage, OptedOut, SenderRejected, Unsupported, NoRoute, Rejected:
		return OutcomeRefused
	case RateLimited, Unauthenticated, InsufficientFunds, Unavailable:
		return OutcomeNotSent
	}
	return OutcomeUnknown
}

// Outcome is what is known of an attempt.
type Outcome string

// The four outcomes.
const (
	OutcomeAccepted Outcome = "accepted" // the vendor has the message
	OutcomeRefused  Outcome = "refused"  // the vendor saw the message and will not send it
	OutcomeNotSent  Outcome = "not_sent" // the vendor does not have the message
	OutcomeUnknown  Outcome = "unknown"  // the vendor may have the message
)

// CodeOf returns the code of an error: "" for nil, and [Indeterminate] for an
// error without a code, which proves nothing.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if c, ok := errors.AsType[Code](err); ok {
		return c
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return Unsupported
	}
	return Indeterminate
}

// OutcomeOf returns the outcome that an error of Send stands for; nil is
// accepted.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return OutcomeAccepted
	}
	return CodeOf(err).Outcome()
}
