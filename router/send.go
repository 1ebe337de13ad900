package router

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
)

// send is one message on its way through the router.
type send struct {
	*setup
	r *Router
	m *provider.Message // with the recipient that it really goes to
	traits

	key        string    // in the journal
	batchers   *batchers // of SendAll; nil = a Send by itself
	route      *route
	mode       provider.Delivery
	analysis   segment.Analysis
	candidates []candidate
	started    time.Time
	expires    time.Time // by validity and m.Deadline; zero = never
	deadline   time.Time // expires, or the caller's context if that ends first
	budget     int
	paused     time.Duration // waits that vendors asked for

	inherited int     // attempts of an earlier send of the message
	doubt     bool    // an attempt's outcome is unknown
	final     bool    // the last refusal is final
	closed    error   // why no further attempt may be made
	errs      []error // of the attempts
	result    *Result
}

// prepare judges and plans; an error is a refusal before any attempt.
func (s *send) prepare(ctx context.Context, take bool) error {
	analysis, err := s.validate(s.m)
	s.analysis = analysis
	s.describe()
	if err != nil {
		return err
	}
	if !s.RedirectAllTo.IsZero() {
		copied := *s.m
		copied.To = s.RedirectAllTo
		s.m, s.result.To = &copied, copied.To
	}
	s.traits = traits{m: s.m, lookup: s.Network}
	if s.chooseRoute(); s.route == nil {
		return provider.NewError(provider.NoRoute, "no route takes this message")
	}
	s.mode = s.chooseMode()
	s.setDeadlines(ctx)
	s.chooseCandidates(take)
	return nil
}

// late refuses a message whose deadline had passed when it came. It is no part
// of prepare, as what is known of the message stands above it.
func (s *send) late() error {
	if !s.m.Deadline.IsZero() && !s.m.Deadline.After(s.started) {
		return invalid("the deadline has passed")
	}
	return nil
}

// describe puts what is known of the message into the result.
func (s *send) describe() {
	s.result.Ref, s.result.To = s.m.Ref, s.m.To
	if s.analysis.Segments > 0 {
		s.result.Encoding, s.result.Segments = s.analysis.Encoding.String(), s.analysis.Segments
	}
}

func (s *send) chooseRoute() {
	for _, r := range s.routes {
		if r.takes(&s.traits) {
			s.route = r
			return
		}
	}
}

// chooseMode: the message's own word, then the route's, the router's, and the
// class's.
func (s *send) chooseMode() provider.Delivery {
	for _, d := range [...]provider.Delivery{s.m.Delivery, s.route.Delivery, s.Delivery} {
		if d != "" {
			return d
		}
	}
	if s.m.Class == provider.OTP {
		return provider.AtLeastOnce // the same code twice is harmless, no code locks people out
	}
	return provider.AtMostOnce
}

func (s *send) setDeadlines(ctx context.Context) {
	validity := s.m.Validity
	if validity == 0 && s.m.Class == provider.OTP {
		validity = s.OTPExpiry
	}
	s.expires = s.m.Deadline
	if validity > 0 {
		s.expires = earlier(s.expires, s.validFrom().Add(validity))
	}
	s.deadline = s.expires
	if end, ok := ctx.Deadline(); ok {
		s.deadline = earlier(s.deadline, end)
	}
}

// validFrom is when the message's validity begins.
func (s *send) validFrom() time.Time {
	if s.m.SendAt.After(s.started) {
		return s.m.SendAt
	}
	return s.started
}

// earlier is the first of two times, where zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// chooseCandidates looks at every provider of the route; those that cannot
// carry the message come last and are done.
func (s *send) chooseCandidates(take bool) {
	s.candidates = make([]candidate, 0, len(s.route.lines))
	var unfit []candidate
	for i, l := range s.route.lines {
		c := candidate{line: l, target: &s.route.Targets[i], place: i}
		if c.fit(s.m, s.analysis, s.setup); c.unfit != "" {
			c.state = done
			unfit = append(unfit, c)
			continue
		}
		s.candidates = append(s.candidates, c)
	}
	switch s.route.Strategy {
	case Weighted:
		s.route.balance.order(s.candidates, take)
	case LeastCost:
		s.cheapestFirst(s.candidates)
	}
	s.candidates = append(s.candidates, unfit...)
}

// run makes attempts until the matter is settled or nothing is left. It ends:
// each round makes an attempt, which the budget bounds, gives a candidate up, or
// waits for one within a bounded time.
func (s *send) run(ctx context.Context) {
	for s.mayGoOn(ctx) {
		c := s.next()
		if c == nil {
			return
		}
		if s.ready(ctx, c) {
			s.visit(ctx, c)
		}
	}
}

// mayGoOn reports whether another attempt may be made at all.
func (s *send) mayGoOn(ctx context.Context) bool {
	switch {
	case s.closed != nil:
	case ctx.Err() != nil:
		s.closed = context.Cause(ctx)
	case s.expired():
		s.closed = errDeadline
	case s.budget < 1:
		s.closed = errBudget
	}
	return s.closed == nil
}

var (
	errBudget  = errors.New("the attempt budget is used up")
	errSettled = errors.New("settled")
)

func (s *send) expired() bool { return !s.deadline.IsZero() && !time.Now().Before(s.deadline) }

// next is the first candidate that was not looked at, else the waiting one that
// is ready first, else the last resort; nil if none is left.
func (s *send) next() *candidate {
	var first *candidate
	for i := range s.candidates {
		c := &s.candidates[i]
		if c.state == fresh {
			return c
		}
		if c.state == waiting && (first == nil || c.ready.Before(first.ready)) {
			first = c
		}
	}
	if first == nil {
		first = s.lastResort()
	}
	return first
}

// ready waits for a candidate, if it must and there is time, and admits it.
func (s *send) ready(ctx context.Context, c *candidate) bool {
	if c.state == waiting {
		if !c.ready.Before(s.patience()) {
			return c.giveUp(c.passed + ", longer than there is time")
		}
		if !s.rest(ctx, time.Until(c.ready)) {
			return false
		}
	}
	return s.admit(c)
}

// maxPause bounds the sum of the waits between attempts where the message has no
// deadline. What limits and answers take is apart.
const maxPause = 30 * time.Second

// patience is when a wait that begins now must be over.
func (s *send) patience() time.Time {
	if s.deadline.IsZero() {
		return time.Now().Add(maxPause - s.paused)
	}
	return s.deadline
}

// rest waits between attempts. It answers false, and closes the send, if the
// context ends.
func (s *send) rest(ctx context.Context, d time.Duration) bool {
	s.paused += max(0, d)
	if err := sleep(ctx, d); err != nil {
		s.closed = err
		return false
	}
	return true
}

// admit looks at what is known of the provider without asking it. A provider
// that is parked must wait.
func (s *send) admit(c *candidate) bool {
	h := c.line.health
	open := s.isOpen(c)
	s.announce(c) // asking for the state may have changed it
	switch {
	case h.overridden() == OverrideOut:
		return c.giveUp("an operator holds it out of use")
	case open && !c.forced && h.overridden() != OverrideIn:
		return c.giveUp("its circuit breaker is open")
	}
	if until := h.parkedUntil(time.Now()); !until.IsZero() {
		c.wait(until, "it asked for a pause")
		return false
	}
	return true
}

// breaker is the one that judges this message at the candidate's provider.
func (s *send) breaker(c *candidate) *breaker {
	if !s.Breaker.PerCountry {
		return c.line.health.whole
	}
	return c.line.health.breaker(s.countryCode())
}

// allow asks the breaker for one call. With breakers per country, the provider's
// own is probed along with them until it closes.
func (s *send) allow(c *candidate) (tell func(error), ok bool) {
	b, whole := s.breaker(c), c.line.health.whole
	if b == whole || whole.state() == BreakerClosed {
		return b.allow()
	}
	tellWhole, ok := whole.allow()
	if !ok {
		return nil, false
	}
	tellOwn, ok := b.allow()
	if !ok {
		tellWhole(errNothing)
		return nil, false
	}
	return func(err error) {
		tellOwn(err)
		if err == errFailure { // of this country, perhaps
			err = errNothing
		}
		tellWhole(err)
	}, true
}

// isOpen: with breakers per country the provider's own stands above them.
func (s *send) isOpen(c *candidate) bool {
	return s.breaker(c).state() == BreakerOpen || s.Breaker.PerCountry && c.line.health.whole.state() == BreakerOpen
}

// giveUp passes the candidate over for good. It answers false.
func (c *candidate) giveUp(why string) bool {
	c.state, c.passed = done, why
	return false
}

func (c *candidate) wait(until time.Time, why string) {
	c.state, c.ready, c.passed = waiting, until, why
}

// lastResort is, if the options want it and nothing was tried, the provider
// whose breaker opened first.
func (s *send) lastResort() *candidate {
	if !s.Breaker.LastResort || len(s.result.Attempts) > 0 {
		return nil
	}
	var first *candidate
	var opened time.Time
	for i := range s.candidates {
		c := &s.candidates[i]
		if c.unfit != "" || c.forced || c.doubt || c.line.health.overridden() == OverrideOut {
			continue
		}
		if at := s.breaker(c).lastOpened(); !at.IsZero() && (first == nil || at.Before(opened)) {
			first, opened = c, at
		}
	}
	if first != nil {
		first.state, first.forced = fresh, true
	}
	return first
}
