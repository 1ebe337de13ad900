package otp

import (
	"context"
	"errors"
	"time"
)

// Checked is the result of a check.
type Checked struct {
	Valid     bool `json:"valid"`
	TriesLeft int  `json:"attempts_left"` // wrong codes until the verification ends; 0 = it has ended
}

// Conversion is how a verification ended, which shows whether codes arrive, and whether
// somebody has them sent who never enters one.
type Conversion struct {
	Verified bool          // false = its time has passed without the right code
	Sends    int           // messages
	After    time.Duration // until the right code was entered; 0 = it was not

	Provider string // that sent the code last; "" = not known
	Country  string // ISO 3166 alpha-2; "" = not known
	Prefix   string // the number's digits without the last three
}

// Check checks the code that a person entered. Spaces and hyphens are ignored, and digits
// of other scripts are understood. An unknown or ended verification is not an error: the
// code is not valid. The right code is valid once.
func (s *Service) Check(ctx context.Context, id, code string) (Checked, error) {
	code = normal(code)
	if !IsID(id) {
		return Checked{}, nil
	}
	now := s.clock()
	var c Checked
	r, err := s.store.Get(ctx, verificationKey(id))
	if err != nil || !r.pending(now, s.config.Tries) { // whoever guesses ids keeps nobody from writing
		return Checked{}, err
	}
	err = s.store.Update(ctx, func(tx Tx) (err error) {
		c = Checked{}
		if r, err = tx.Get(verificationKey(id)); err != nil || !r.pending(now, s.config.Tries) {
			return err
		}
		c, err = s.judge(tx, id, r, code, now)
		return err
	})
	if err != nil {
		return Checked{}, err
	}
	if c.Valid {
		s.convert(ctx, r, now.Sub(r.Started))
	}
	return c, nil
}

// judge compares a code with that of a pending verification, and counts.
func (s *Service) judge(tx Tx, id string, r *Record, code string, now time.Time) (c Checked, err error) {
	n, err := s.window(tx, r.Number, now)
	if err != nil {
		return c, err
	}
	switch {
	case reached(n.Tries, s.config.NumberTries):
		return c, nil
	case code == "": // nothing was typed, and nothing was learned
		c.TriesLeft = s.triesLeft(r, n)
		return c, nil
	case s.key.same(code, s.key.code(id, r.Started, r.Length)):
		c.Valid, r.Used, n.Sends, n.Tries = true, true, 0, 0
	default:
		r.Tries++
		n.Tries++
		c.TriesLeft = s.triesLeft(r, n)
	}
	return c, errors.Join(tx.Put(verificationKey(id), r), tx.Put(numberKey(r.Number), n))
}

func (s *Service) triesLeft(r, n *Record) int {
	left := s.config.Tries - r.Tries
	if s.config.NumberTries >= 0 {
		left = min(left, s.config.NumberTries-n.Tries)
	}
	return max(0, left)
}

// convert reports how a verification has ended.
func (s *Service) convert(ctx context.Context, r *Record, after time.Duration) {
	if s.config.OnConversion == nil {
		return
	}
	name := r.Provider
	if l, ok := s.store.(ledgerStore); ok && name == "" {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
		defer cancel()
		name, _ = l.providerOf(ctx, r.Message) // what cannot be read is not known
	}
	s.config.OnConversion(Conversion{
		Verified: r.Used, Sends: r.Sends, After: max(0, after), Provider: name, Country: r.Country, Prefix: r.Prefix,
	})
}

// How often and how much is swept by Start.
const (
	sweepEvery = time.Minute
	sweepBatch = 256
)

// Sweep removes what has expired from the store, and reports verifications that were not
// passed to Config.OnConversion. Start does it once a minute; a program that may start no
// verifications for a long time calls Sweep regularly. It returns how many records it
// removed.
func (s *Service) Sweep(ctx context.Context) (removed int, err error) {
	for {
		n, err := s.sweep(ctx)
		removed += n
		if err != nil || n < sweepBatch {
			return removed, err
		}
	}
}

func (s *Service) sweep(ctx context.Context) (int, error) {
	gone, err := s.store.Sweep(ctx, s.clock().Add(-2*skew), sweepBatch)
	if err != nil {
		return 0, err
	}
	for i := range gone {
		s.unpassed(ctx, &gone[i])
	}
	return len(gone), nil
}

// unpassed reports a verification that was not passed, of what was in the store.
func (s *Service) unpassed(ctx context.Context, r *Record) {
	if r != nil && r.Number != "" && !r.Used && r.Sends > 0 {
		s.convert(ctx, r, 0)
	}
}

// sweepNow sweeps once a minute.
func (s *Service) sweepNow(ctx context.Context) {
	now, last := s.clock().UnixMicro(), s.swept.Load()
	if now-last < sweepEvery.Microseconds() && now >= last || !s.swept.CompareAndSwap(last, now) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	_, _ = s.sweep(ctx) // the next one does what this one did not
}

// makeRoom sweeps a full store, and reports whether that made room.
func (s *Service) makeRoom(ctx context.Context) bool {
	n, err := s.Sweep(ctx)
	return err == nil && n > 0
}
