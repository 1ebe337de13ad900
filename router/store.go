package router

import (
	"context"
	"errors"
	"time"
)

// Store remembers results by Ref, so that a message that is sent again with the
// same Ref goes out once. It is safe for concurrent use.
type Store interface {
	// Begin claims a ref. A nil prior means that the caller has the claim and no
	// earlier result. If prior is accepted, nothing is claimed. If it is unknown,
	// the caller has the claim and must call Finish, with prior itself if it
	// does not go on. A claim whose owner is gone without Finish is such an
	// unknown prior. Errors are [ErrRefReused], [ErrInFlight], or the store's
	// own. The result is forgotten when it is keep old.
	Begin(ctx context.Context, ref, fingerprint string, keep time.Duration) (prior *Result, err error)
	// Finish records the result of a claim and releases the claim.
	Finish(ctx context.Context, ref string, r *Result) error
}

// Errors of Store.Begin.
var (
	ErrRefReused = errors.New("ref reused with different content")
	ErrInFlight  = errors.New("a message with this ref is in flight")
)

// StoreOptions say how the store is used. The convention of [Options] holds.
type StoreOptions struct {
	Keep    time.Duration // how long a result is remembered; default 24h
	OnError FailureMode   // default FailClosed
}

// FailureMode is what happens to a message if the store cannot be reached.
type FailureMode string

// The failure modes.
const (
	FailClosed FailureMode = "refuse" // it is not_sent
	FailOpen   FailureMode = "send"   // it is sent, perhaps again
)
