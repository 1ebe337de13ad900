package router

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/provider"
)

// Store remembers results by Ref, so that a message that is sent again with the
// same Ref goes out once. It is safe for concurrent use. Package storetest has
// the tests that every store must pass.
//
// Claims are fenced: a claim belongs to the owner named in it, and a store takes
// the result of a claim from its owner only.
type Store interface {
	// Look returns what is known of a ref, and claims nothing: nil if the ref is
	// free, or an accepted or unknown result. Errors are those of Begin.
	Look(ctx context.Context, c Claim) (prior *Result, err error)
	// Begin claims a ref for c.Owner. The router calls it right before each
	// attempt; an owner that has the claim already renews it, also if the reply
	// to its first Begin was lost.
	//
	// A nil prior means that the caller has the claim and that no earlier attempt
	// may have succeeded. An unknown prior means that the caller has the claim,
	// and that an earlier send may have succeeded, or ended without a result. An
	// accepted prior is final: nothing is claimed.
	//
	// Errors are [ErrRefReused], [ErrInFlight] if another owner has the claim,
	// [ErrDataLost], a *provider.Error if the message must not be sent (opted_out,
	// for example), or the store's own, after which it is not known whether the
	// claim was made. Results are forgotten when they are c.Keep old.
	Begin(ctx context.Context, c Claim) (prior *Result, err error)
	// Finish records the result of a claim and releases the claim. If c.Owner
	// does not have the claim, it returns [ErrNotOwner], and keeps the result
	// as a late outcome: an accepted one settles the ref, unless it is accepted
	// already, and an unknown one replaces none, refused and not_sent. An
	// acceptance is never replaced.
	Finish(ctx context.Context, c Claim, r *Result) error
}

// Claim is the right to send the message with a Ref.
type Claim struct {
	Ref string
	// Fingerprint is the SHA-256 of the content in hexadecimal. A store that
	// writes it down uses a keyed hash of it, as short texts can be guessed.
	Fingerprint string
	Owner       string        // of one Send, cannot be guessed; "" = nobody's, for late outcomes
	Keep        time.Duration // how long the result is remembered
	// Intent is the attempt that Begin is for; nil = none. A store that is the
	// journal too writes it together with the claim, so that both last or none.
	// Other stores ignore it.
	Intent *JournalEntry
	// Message is what is to be sent, for a store that keeps more than results; it
	// must not be changed. nil = not known.
	Message *provider.Message
}

// AttemptRecorder is a [Store] or [Journal] that records each attempt under an id,
// so that what the vendor reports later can be joined to it. The router asks it
// for the id of each attempt, hands that to the driver in Message.Attempt, and
// states it in Attempt.ID. It sets Claim.Intent for such a store, also if that is
// not the journal.
type AttemptRecorder interface {
	NewAttempt() string // cannot be guessed
}

// Errors of a [Store].
var (
	ErrRefReused = errors.New("ref reused with different content")
	ErrInFlight  = errors.New("a message with this ref is in flight")
	ErrNotOwner  = errors.New("the claim belongs to another send or has expired")
	// ErrDataLost comes with a claim that was made: the store has lost what it
	// knew, so the message may have been sent before.
	ErrDataLost = errors.New("the store has lost its data: messages that were sent may be sent again")
)

// reusedRef is why a message is refused whose Ref belongs to other content.
func reusedRef() error { return provider.NewError(provider.InvalidMessage, ErrRefReused.Error()) }

// StoreOptions say how the store is used. The convention of [Options] holds.
type StoreOptions struct {
	Keep    time.Duration // how long a result is remembered; default 24h
	OnError FailureMode   // default FailClosed
}

// FailureMode is what happens to a message if a shared service, such as the store,
// cannot be reached.
type FailureMode string

// The failure modes.
const (
	FailClosed FailureMode = "refuse" // it is not_sent
	FailOpen   FailureMode = "send"   // it is sent, perhaps again
)
