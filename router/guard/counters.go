package guard

import (
	"context"
	"errors"
	"time"
)

// Charge is what a message adds to a counter.
type Charge struct {
	// Key names the counter. It may hold a telephone number and raw bytes: a store that
	// writes it down uses a hash of it.
	Key    string
	Amount int64
	// Limit is the highest level that the counter may reach by a reservation.
	Limit int64
	// Ends is when the counter's window ends, if it begins with this charge. A window
	// that is open already keeps its own end, unless that is later than Ends: then a
	// clock has gone back, and Reserve makes it end at Ends.
	Ends time.Time

	Level  int64     // set by the counters: the level afterwards, or now if nothing was added
	Resets time.Time // set by the counters: when the window ends
}

// Counters count for a [Policy]. Package countertest has the tests that all must pass.
// They are safe for concurrent use. Programs make them and need not call them.
type Counters interface {
	// Reserve adds all charges, or none if one of them would exceed its limit; over is
	// then its index, and else -1. A reservation is remembered under its id until keep;
	// if there is one already, nothing is added and held is true. Without an id nothing
	// is remembered.
	Reserve(ctx context.Context, id string, now, keep time.Time, charges []Charge) (held bool, over int, err error)
	// Return takes a reservation back, after which its id is free. An id that is not
	// known changes nothing.
	Return(ctx context.Context, id string, now time.Time) error
	// Add adds amounts, whatever the limits. A level never falls below 0, at which its
	// window is over, and a negative amount opens none.
	Add(ctx context.Context, now time.Time, charges []Charge) error
	// Levels sets Level and Resets of the charges, and changes no counter.
	Levels(ctx context.Context, now time.Time, charges []Charge) error
}

// ErrFull is returned by [Memory] that counts as many things as it may.
var ErrFull = errors.New("the counters are full")
