package router

import (
	"context"
	"errors"
	"time"
)

// Store remembers results by Ref, so that the same message sent twice goes out
// once. It is safe for concurrent use.
type Store interface {
	// Begin claims a ref. A nil prior means that the claim is the caller's and
	// no result stands in its way. A prior that is accepted is the answer, and
	// nothing is claimed. A prior that is unknown is claimed too: the caller
	// must Finish, with prior itself if it does not go on. A claim whose owner
	// is gone without Finish is such an unknown prior. Errors: [ErrRefReused],
	// [ErrInFlight], or one of the store's own. The result is forgotten when
	// it is keep old.
	Begin(ctx context.Context, ref, fingerprint string, keep time.Duration) (prior *Result, err error)
	// Finish records the result of a claim and frees it.
	Finish(ctx context.Context, ref string, r *Result) error
}

// Errors of Store.Begin.
var (
	ErrRefReused = errors.New("ref reused with different content")
	ErrInFlight  = errors.New("a message with this ref is being sent")
)

// StoreOptions is how the store is used.
type StoreOptions struct {
	Keep    time.Duration // default 24h
	OnError FailureMode   // default refuse
}

// FailureMode is what to do with a message if the store cannot be reached.
type FailureMode string

// The choices.
const (
	FailClosed FailureMode = "refuse" // not_sent
	FailOpen   FailureMode = "send"   // send it, perhaps again
)
