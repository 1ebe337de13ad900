package router

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// errTimeout is the cause when an attempt took the provider's whole timeout,
// errShare when it took the share of a shorter deadline.
var (
	errTimeout = errors.New("no answer within the provider's timeout")
	errShare   = errors.New("no answer within this provider's share of the deadline")
)

// visit tries one candidate until it is done with, or has to wait.
func (s *send) visit(ctx context.Context, c *candidate) {
	for s.mayGoOn(ctx) {
		a, err := s.attempt(ctx, c)
		switch {
		case a == nil:
			if c.doubt { // the vendor's own key was to settle it, and cannot
				c.state = done
				s.resolve(ctx, c)
			}
			return
		case err == nil:
			s.closed = errSettled
			return
		}
		pause, again := s.decide(ctx, c, a, err)
		if !again {
			return
		}
		if !s.rest(ctx, pause) {
			return
		}
	}
}

// errPassed says that no attempt was made.
var errPassed = errors.New("passed over")

// attempt makes one attempt. Everything that can stop it comes before the
// driver is called; then there is no Attempt.
func (s *send) attempt(ctx context.Context, c *candidate) (*Attempt, error) {
	if s.inBatch(c) {
		if a, ok, err := s.attemptInBatch(ctx, c); ok {
			return a, err
		}
	}
	tell, err := s.begin(ctx, c)
	if err != nil {
		return nil, err
	}
	defer c.line.release()
	c.line.health.busy.Add(1)
	defer c.line.health.busy.Add(-1)

	l := s.limit(ctx, c)
	defer l.cancel()
	s.announceFailover(c)
	traced, span := s.r.telemetry.startAttempt(l.ctx, c.line.Name)
	started := time.Now()
	receipt, err := call(traced, c.line.Upstream.Provider, s.outgoing(c, started))
	a := s.note(c, started, receipt, err)
	s.feed(c, tell, fed(&l, a))
	s.r.telemetry.endAttempt(ctx, span, a)
	s.announce(c)
	s.announceAttempt(a)
	return a, err
}

// begin waits for the candidate's limits, asks its breaker and notes the
// intent. An error means that there is no attempt, and that the candidate or
// the whole send was closed.
func (s *send) begin(ctx context.Context, c *candidate) (tell func(error), err error) {
	overflow := c.line.Overflow && c.state == fresh && s.othersLeft(c)
	if err := c.line.acquire(ctx, c.analysis.Segments, s.deadline, overflow); err != nil {
		s.notAcquired(ctx, c, err)
		return nil, errPassed
	}
	if s.mayGoOn(ctx) { // the wait may have taken all the time there was
		if tell, err = s.enter(ctx, c); err == nil {
			return tell, nil
		}
	}
	c.line.release()
	return nil, errPassed
}

func (s *send) notAcquired(ctx context.Context, c *candidate, err error) {
	if ctx.Err() != nil {
		s.closed = context.Cause(ctx)
		return
	}
	if busy, ok := err.(busyError); ok {
		c.wait(time.Now().Add(time.Duration(busy)), err.Error())
		return
	}
	c.giveUp(err.Error())
}

// enter asks the breaker, then writes the intent.
func (s *send) enter(ctx context.Context, c *candidate) (tell func(error), err error) {
	if !s.admit(c) { // the wait may have changed it
		return nil, errPassed
	}
	tell = func(error) {}
	if !c.forced && c.line.health.overridden() != OverrideIn {
		allowed, ok := s.allow(c)
		s.announce(c)
		if !ok {
			c.giveUp("its circuit breaker is open or being probed")
			return nil, errPassed
		}
		tell = allowed
	}
	if err := s.noteIntent(ctx, c); err != nil {
		tell(errNothing)
		s.closed = fmt.Errorf("the intent could not be noted: %w", err)
		return nil, errPassed
	}
	if !s.mayGoOn(ctx) || c.doubt && !s.recognised(c, 0) { // waits and the journal have taken their time
		tell(errNothing)
		return nil, errPassed
	}
	return tell, nil
}

// othersLeft reports whether another provider may still be tried.
func (s *send) othersLeft(c *candidate) bool {
	return slices.ContainsFunc(s.candidates, func(other candidate) bool { return other.line != c.line && other.state != done })
}

// left counts the providers among which the time that is left is shared: those
// not looked at yet, and this one.
func (s *send) left(c *candidate) int {
	n := 1
	for i := range s.candidates {
		if other := &s.candidates[i]; other != c && other.state == fresh {
			n++
		}
	}
	return n
}

// limit is the time that an attempt has.
type limit struct {
	ctx     context.Context
	cancel  context.CancelFunc
	connect time.Duration // for the connection, if less than the provider's own time; else 0
}

// limit gives the connection no more than an equal share of the time that is
// left. The answer may take all of it, as what is under way is best waited for,
// but under at_least_once only the share, so that the next provider gets its own.
func (s *send) limit(ctx context.Context, c *candidate) limit {
	var l limit
	timeout, cause := c.line.Timeout, errTimeout
	connect := c.line.ConnectTimeout
	if !s.deadline.IsZero() {
		remaining := time.Until(s.deadline)
		share := remaining / time.Duration(s.left(c))
		if share < connect {
			connect, l.connect = share, share
		}
		if s.mode == provider.AtLeastOnce {
			remaining = share
		}
		if remaining < timeout {
			timeout, cause = remaining, errShare
		}
	}
	if l.connect > 0 || connect < DefaultConnectTimeout { // else the driver's own is as short
		ctx = httpcall.WithConnectTimeout(ctx, connect)
	}
	l.ctx, l.cancel = context.WithTimeoutCause(ctx, timeout, cause)
	return l
}

// outgoing is what the driver is given: the message with the validity that is
// left. It loses whole seconds, as vendors count no finer: a minute that lost a
// moment would be a unit less there, or too short.
func (s *send) outgoing(c *candidate, now time.Time) *provider.Message {
	if c.validity > 0 && !s.m.SendAt.After(now) {
		if left := c.validity - now.Sub(s.validFrom()).Truncate(time.Second); left > 0 {
			c.own().Validity = left
		}
	}
	return c.message
}

// call hands the message to the driver. A driver that panics leaves doubt.
func call(ctx context.Context, p provider.Provider, m *provider.Message) (r *provider.Receipt, err error) {
	defer func() {
		if v := recover(); v != nil {
			r, err = nil, panicked(v)
		}
	}()
	return proven(p.Send(ctx, m))
}

// proven is an answer as far as it proves anything: a driver that breaks the
// contract leaves doubt.
func proven(r *provider.Receipt, err error) (*provider.Receipt, error) {
	if err == nil {
		if r == nil {
			r = &provider.Receipt{}
		}
		return r, nil
	}
	e, ok := errors.AsType[*provider.Error](err)
	switch {
	case ok && e == nil:
		return nil, provider.NewError(provider.Indeterminate, "the driver's error is a nil pointer")
	case provider.CodeOf(err) == "":
		return nil, &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("the driver's error has no code: %w", err)}
	case r != nil && provider.OutcomeOf(err) != provider.OutcomeUnknown:
		return nil, &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("the driver answered both a receipt and an error: %s", err)}
	}
	return nil, err
}

// panicked shows what the Go runtime says; other words may hold the text.
func panicked(v any) error {
	if fault, ok := v.(runtime.Error); ok {
		return &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("the driver panicked: %w", fault)}
	}
	return &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("the driver panicked with a value of type %T", v)}
}

// note adds the attempt to the trail.
func (s *send) note(c *candidate, started time.Time, receipt *provider.Receipt, err error) *Attempt {
	if c.tries++; c.tries == 1 {
		c.first = started
	}
	s.budget--
	if s.doubt && !c.doubt {
		s.result.DuplicatePossible = true
	}
	a := Attempt{
		Provider: c.line.Name, Outcome: provider.OutcomeOf(err), Code: provider.CodeOf(err),
		StartedAt: started, Duration: time.Since(started),
	}
	if err != nil {
		a.VendorCode, a.Message = words(err)
	} else {
		s.accept(c, receipt)
	}
	s.result.Attempts = append(s.result.Attempts, a)
	s.errs = append(s.errs, err)
	return &s.result.Attempts[len(s.result.Attempts)-1]
}

// words are what an error says beside its code, with digits masked.
func words(err error) (vendorCode, message string) {
	e, ok := errors.AsType[*provider.Error](err)
	if !ok {
		return "", provider.Mask(err.Error())
	}
	message = e.VendorMessage
	if e.Err != nil {
		if message != "" {
			message += ": "
		}
		message += e.Err.Error()
	}
	return provider.Mask(e.VendorCode), provider.Mask(message)
}

// fed is what the breaker is told of an attempt. An attempt that we ended
// ourselves, before the provider had its own time, says nothing of it.
func fed(l *limit, a *Attempt) error {
	if a.Outcome == provider.OutcomeAccepted {
		return nil
	}
	switch ruleFor(a.Code).feed {
	case count:
		if l.endedByUs(a) {
			return errNothing
		}
		return errFailure
	case trip:
		return errTrip
	case park:
		return errNothing
	}
	return errAnswered
}

// feed tells the breaker; what concerns the whole account is not a matter of one
// country.
func (s *send) feed(c *candidate, tell func(error), fed error) {
	tell(fed)
	if fed == errTrip && s.Breaker.PerCountry {
		c.line.health.whole.open()
	}
}

// endedByUs: by the caller's cancel, by a deadline shorter than the provider's
// timeout, or by too short a time to connect in.
func (l *limit) endedByUs(a *Attempt) bool {
	if l.ctx.Err() != nil {
		return context.Cause(l.ctx) != errTimeout
	}
	return a.Code == provider.Unavailable && l.connect > 0 && a.Duration >= l.connect
}
