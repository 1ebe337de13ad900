package otp

import (
	"context"
	"errors"
	"time"
)

// Store holds verifications, and the counters of the numbers that they went to. It is
// safe for concurrent use. [NewMemoryStore] makes one for a single process,
// [NewLedgerStore] one in the ledger's database.
type Store interface {
	// Get returns what is held under a key; nil = nothing.
	Get(ctx context.Context, key string) (*Record, error)
	// Update runs f while no other Update of the store runs, in this process or
	// another. What f has put is held durably when Update returns nil. If f fails,
	// nothing has changed, and Update returns its error. f may be run more than once.
	Update(ctx context.Context, f func(Tx) error) error
	// Sweep removes at most limit records that have expired before a time, and returns
	// them: each to one caller.
	Sweep(ctx context.Context, before time.Time, limit int) ([]Record, error)
}

// Tx is what an Update works on.
type Tx interface {
	// Get returns what is held under a key; nil = nothing. It sees what was put before.
	Get(key string) (*Record, error)
	// Put holds a copy of a record under a key, in place of what was there.
	Put(key string, r *Record) error
}

// Record is what a store holds for a verification, or for a number. Times have a
// precision of a microsecond.
//
// String and %+v show nothing of it.
type Record struct {
	Started time.Time
	Expires time.Time
	Sends   int // messages
	Tries   int // wrong codes
	// What follows is of verifications.

	Used     bool   // the right code was entered
	Length   int    // of the code
	Text     string // "" = the service's
	Number   string // keyed hash
	Prefix   string // the number's digits without the last three
	Country  string // ISO 3166 alpha-2; "" = not known
	Provider string // that sent the code last; "" = not known
	Message  string // the Ref of the message that was sent last
}

// String redacts the record.
func (r Record) String() string { return "otp.Record{redacted}" }

// GoString redacts like String.
func (r Record) GoString() string { return r.String() }

// ErrStoreFull is returned by a bounded store that would have to forget a record before
// its time.
var ErrStoreFull = errors.New("otp: the store is full")

// Keys in a store.
func verificationKey(id string) string { return "v:" + id }
func numberKey(hash string) string     { return "n:" + hash }

// skew is by how much clocks may differ.
const skew = time.Minute

// live reports whether a record counts at a time.
func (r *Record) live(now time.Time) bool {
	return r != nil && now.Before(r.Expires) && !now.Before(r.Started.Add(-skew))
}

// pending reports whether a verification can still be passed.
func (r *Record) pending(now time.Time, tries int) bool {
	return r.live(now) && !r.Used && r.Tries < tries
}
