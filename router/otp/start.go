package otp

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/numbering"
)

// Options configure one verification. The zero value of every field is the service's
// setting.
type Options struct {
	// Ref is the caller's own id of the verification. A Start with the same Ref while the
	// verification can still be passed sends the same code once more. "" = each Start
	// begins another verification.
	Ref string
	// ID is a verification to send once more, with the same code and until the same
	// time. The number must be the same.
	ID string

	Length int           // digits; not of one that is sent once more
	TTL    time.Duration // not of one that is sent once more
	Text   string        // with {code} in it; not of one that is sent once more. Kept until the verification ends

	From string // sender
	Tag  string // of the message
}

// Verification is a code that was sent to a person.
type Verification struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expires_at"`
	SendsLeft int       `json:"sends_left"` // how often it can be sent once more

	Result *router.Result `json:"-"` // of the message; nil = it is in a queue
}

// Errors of Start. Apart from these they are those of Router.Send, and of the store.
var (
	// ErrLimit means that too much was sent to the number, or for the verification. It
	// comes in a *provider.Error with code rate_limited, whose RetryAfter says when to
	// come again.
	ErrLimit = errors.New("too many codes")
	// ErrEnded means that the verification to send once more has ended, or that there is none.
	ErrEnded = errors.New("the verification has ended; start a new one")
	// ErrOtherNumber means that the verification to send once more is of another number.
	ErrOtherNumber = errors.New("the verification is of another number")
)

// Start sends a code to a number. If the error has code indeterminate, the person may
// have got it: the verification is returned too. With any other error nothing was sent
// and nothing counts.
func (s *Service) Start(ctx context.Context, to e164.Number, o Options) (*Verification, error) {
	if err := s.check(to, &o); err != nil {
		return nil, err
	}
	b, err := s.begin(ctx, to, &o)
	if errors.Is(err, ErrStoreFull) && s.makeRoom(ctx) {
		b, err = s.begin(ctx, to, &o)
	}
	if err != nil {
		return nil, err
	}
	result, err := s.send(ctx, &provider.Message{
		To: to, From: o.From, Text: s.text(b.id, b.record), Ref: b.record.Message, Tag: o.Tag,
		Class: provider.OTP, Deadline: b.record.Expires,
	})
	s.sent(ctx, b, result, err)
	s.unpassed(ctx, b.replaced)
	s.sweepNow(ctx)
	v := &Verification{ID: b.id, ExpiresAt: b.record.Expires, SendsLeft: s.sendsLeft(b), Result: result}
	if err != nil && provider.OutcomeOf(err) != provider.OutcomeUnknown {
		v = nil
	}
	return v, err
}

// check refuses options that cannot be.
func (s *Service) check(to e164.Number, o *Options) error {
	c := s.config
	c.Length, c.TTL, c.Text = cmp.Or(o.Length, c.Length), cmp.Or(o.TTL, c.TTL), cmp.Or(o.Text, c.Text)
	if to.IsZero() {
		return provider.NewError(provider.InvalidRecipient, "a verification needs a number")
	}
	if o.Ref != "" && o.ID != "" {
		return provider.NewError(provider.InvalidMessage, "a verification is named by its id or by a ref, not by both")
	}
	if o.ID != "" && !IsID(o.ID) {
		return &provider.Error{Code: provider.InvalidMessage, Err: ErrEnded}
	}
	if o.Length == 0 && o.TTL == 0 && o.Text == "" {
		return nil // checked by New
	}
	if err := c.Check(); err != nil {
		return &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	return nil
}

// begun is a verification whose message is counted and not yet sent.
type begun struct {
	id     string
	record *Record // as it is in the store
	count  int     // of messages to the number, with this one

	replaced *Record // the earlier verification with the same ref; nil = there is none in the store
}

// begin counts a message to be sent, unless a limit forbids it.
func (s *Service) begin(ctx context.Context, to e164.Number, o *Options) (b begun, err error) {
	id, now := cmp.Or(o.ID, newID()), s.clock()
	if o.Ref != "" {
		id = s.key.idOf(o.Ref)
	}
	hash := s.key.number(to.Digits())
	err = s.store.Update(ctx, func(tx Tx) error {
		r, err := tx.Get(verificationKey(id))
		if err != nil {
			return err
		}
		var earlier *Record
		if !r.pending(now, s.config.Tries) {
			if o.ID != "" {
				return &provider.Error{Code: provider.InvalidMessage, Err: ErrEnded}
			}
			earlier, r = r, s.fresh(to, hash, o, now)
		}
		if r.Number != hash {
			return &provider.Error{Code: provider.InvalidMessage, Err: ErrOtherNumber}
		}
		n, err := s.window(tx, hash, now)
		if err != nil {
			return err
		}
		if err := s.limited(r, n, now); err != nil {
			return err
		}
		r.Sends++
		n.Sends++
		r.Message, r.Provider = messageRef(id), ""
		b = begun{id, r, n.Sends, earlier}
		return errors.Join(tx.Put(verificationKey(id), r), tx.Put(numberKey(hash), n))
	})
	return b, err
}

// fresh is a verification that begins now.
func (s *Service) fresh(to e164.Number, hash string, o *Options, now time.Time) *Record {
	digits := to.Digits()
	return &Record{
		Started: now, Expires: now.Add(cmp.Or(o.TTL, s.config.TTL)), Length: cmp.Or(o.Length, s.config.Length), Text: o.Text,
		Number: hash, Prefix: digits[:max(0, len(digits)-3)], Country: numbering.Region(to),
	}
}

// window returns what a number has used of its limits. A clock that has jumped back
// begins another window, with the same counts.
func (s *Service) window(tx Tx, hash string, now time.Time) (*Record, error) {
	n, err := tx.Get(numberKey(hash))
	switch {
	case err != nil:
		return nil, err
	case n == nil || !now.Before(n.Expires):
		n = &Record{}
	case n.live(now):
		return n, nil
	}
	n.Started, n.Expires = now, now.Add(s.config.NumberWindow)
	return n, nil
}

// limited says which limit forbids another message.
func (s *Service) limited(r, n *Record, now time.Time) error {
	c := &s.config
	over := func(until time.Time) error {
		return &provider.Error{Code: provider.RateLimited, RetryAfter: until.Sub(now), Err: ErrLimit}
	}
	switch {
	case reached(n.Sends, c.NumberSends), reached(n.Tries, c.NumberTries):
		return over(n.Expires)
	case r.Sends > max(0, c.Resends):
		return over(r.Expires)
	}
	return nil
}

// reached reports whether a count has reached a limit; a negative one is none.
func reached(count, limit int) bool { return limit >= 0 && count >= limit }

// sendsLeft is how often a verification can be sent once more.
func (s *Service) sendsLeft(b begun) int {
	left := max(0, s.config.Resends) + 1 - b.record.Sends
	if s.config.NumberSends >= 0 {
		left = min(left, s.config.NumberSends-b.count)
	}
	return max(0, left)
}

// settleTime bounds what follows a message, whatever the caller's context.
const settleTime = 5 * time.Second

// sent notes who has sent the code. A message that nobody has taken does not count.
func (s *Service) sent(ctx context.Context, b begun, result *router.Result, err error) {
	nothing := err != nil && provider.OutcomeOf(err) != provider.OutcomeUnknown
	name := ""
	if result != nil {
		name = result.Provider
	}
	if !nothing && (name == "" || s.config.OnConversion == nil) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	// What cannot be written counts one message too many, or does not say who has sent it.
	_ = s.store.Update(ctx, func(tx Tx) error {
		r, err := tx.Get(verificationKey(b.id))
		if err != nil || r == nil {
			return err
		}
		if !nothing {
			r.Provider = name
			return tx.Put(verificationKey(b.id), r)
		}
		n, err := tx.Get(numberKey(r.Number))
		if err != nil || n == nil {
			return err
		}
		r.Sends, n.Sends = max(0, r.Sends-1), max(0, n.Sends-1)
		return errors.Join(tx.Put(verificationKey(b.id), r), tx.Put(numberKey(r.Number), n))
	})
}

// Render returns the text of a verification's message, for a queue that makes texts just
// before sending. It takes the message's Ref, or the verification's id. A verification
// that has ended is an error with [ErrEnded]: it must not be sent any more.
func (s *Service) Render(ctx context.Context, ref string) (string, error) {
	id := idIn(ref)
	if !IsID(id) {
		return "", &provider.Error{Code: provider.InvalidMessage, Err: ErrEnded}
	}
	r, err := s.store.Get(ctx, verificationKey(id))
	if err != nil {
		return "", err
	}
	if !r.pending(s.clock(), s.config.Tries) {
		return "", &provider.Error{Code: provider.InvalidMessage, Err: ErrEnded}
	}
	return s.text(id, r), nil
}
