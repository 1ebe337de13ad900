package router

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
)

// decide says what follows from an attempt that was not accepted: another try
// here after a pause, or whatever the send's and the candidate's new states say.
func (s *send) decide(ctx context.Context, c *candidate, a *Attempt, err error) (pause time.Duration, again bool) {
	rule := ruleFor(a.Code)
	c.state = done // unless it may come to its turn again
	if a.Outcome == provider.OutcomeUnknown {
		c.doubt, s.doubt = true, true
	}
	pause = s.pause(c, rule, err)
	if s.again(c, rule, pause) {
		alone := !s.othersLeft(c) || c.doubt && s.mode != provider.AtLeastOnce
		if pause <= s.Retry.Max || alone {
			return pause, true
		}
		if !c.doubt {
			c.wait(time.Now().Add(pause), "it asked for a pause")
			return 0, false
		}
	}
	s.resolve(ctx, c)
	if s.closed == nil && !s.mayMove(rule, a.Code) {
		s.closed = errSettled
	}
	return 0, false
}

// pause is how long this provider is to be left alone.
func (s *send) pause(c *candidate, rule rule, err error) time.Duration {
	if rule.again == notAgain {
		return 0
	}
	if c.pauses.exponential == nil {
		c.pauses = newPauses(s.Retry)
	}
	pause := c.pauses.next()
	e, ok := errors.AsType[*provider.Error](err)
	asked := ok && e.RetryAfter > 0
	if asked {
		pause = max(pause, e.RetryAfter)
	}
	if rule.feed == park {
		if !asked {
			pause = max(pause, defaultPark)
		}
		c.line.health.park(pause)
		s.announcePark(c, pause)
	}
	return pause
}

// defaultPark is how long a provider is left alone that asked for less and did
// not say how much.
const defaultPark = time.Second

// again reports whether the same provider may be tried again at once after the
// pause; if it must wait for its turn, the candidate's state says so.
func (s *send) again(c *candidate, rule rule, pause time.Duration) bool {
	if c.tries >= s.Retry.MaxAttempts || rule.again == notAgain {
		return false
	}
	if c.doubt {
		return s.recognised(c, pause) && s.inTime(pause)
	}
	if rule.again == whenAlone {
		c.wait(time.Now().Add(pause), "it asked for a pause")
		return false
	}
	return rule.again == afterPause && s.inTime(pause)
}

// inTime reports whether a pause ends while there is time for an attempt.
func (s *send) inTime(pause time.Duration) bool {
	return time.Now().Add(pause).Before(s.patience())
}

// recognised reports whether the provider would still know a repeated message
// by its Ref after the pause, even if it gets there only at the end of its time.
func (s *send) recognised(c *candidate, pause time.Duration) bool {
	return s.m.Ref != "" && c.line.caps.ReplayFor > 0 && time.Since(c.first)+pause+c.line.Timeout < c.line.caps.ReplayFor
}

// mayMove reports whether another provider may be tried after this code.
func (s *send) mayMove(rule rule, code provider.Code) bool {
	switch rule.next {
	case always, byMode:
		return true
	case ifAsked:
		asked := s.FailoverOn
		if s.route.FailoverOn != nil {
			asked = s.route.FailoverOn
		}
		if slices.Contains(asked, code) {
			return true
		}
	}
	s.final = true
	return false
}

// resolve deals with an unknown outcome at a candidate, if there is one, as the
// delivery mode says.
func (s *send) resolve(ctx context.Context, c *candidate) {
	switch {
	case !c.doubt || s.closed != nil:
	case s.mode == provider.AtLeastOnce: // on, but never to c again
	case s.mode == provider.Reconcile && s.canAsk(c):
		s.reconcile(ctx, c)
	default:
		s.closed = errSettled
	}
}

func (s *send) canAsk(c *candidate) bool {
	return s.m.Ref != "" && c.line.caps.Has(provider.HasFind)
}

const (
	firstLook = time.Second
	longest   = 30 * time.Second // between two looks
	// clockSkew is by how much the vendor's clock may differ from ours.
	clockSkew = 5 * time.Minute
)

// reconcile asks the vendor at growing intervals until it lists the message,
// until its not listing it is proof, or until there is no more time.
func (s *send) reconcile(ctx context.Context, c *candidate) {
	asked := time.Now()
	settles, until := time.Time{}, s.deadline
	if c.line.caps.FindSettles > 0 {
		settles = asked.Add(c.line.caps.FindSettles)
	}
	if until.IsZero() {
		if until = settles; until.IsZero() {
			until = asked.Add(maxPause)
		}
	}
	for wait := firstLook; ; wait = min(2*wait, longest) {
		at := time.Now().Add(wait)
		if !settles.IsZero() && at.After(settles) && asked.Before(settles) {
			at = settles
		}
		if at.After(until) || sleep(ctx, time.Until(at)) != nil {
			s.closed = errSettled // unknown it stays
			return
		}
		receipt, err := s.find(ctx, c)
		switch {
		case receipt != nil:
			s.found(c, receipt)
			return
		case err == nil && !settles.IsZero() && !at.Before(settles):
			s.absent(c)
			return
		}
		asked = at
	}
}

// find asks once. It counts against the provider's limits. A driver that panics
// has not answered.
func (s *send) find(ctx context.Context, c *candidate) (r *provider.Receipt, err error) {
	if err := c.line.acquire(ctx, 0, s.deadline, false); err != nil {
		return nil, err
	}
	defer c.line.release()
	defer func() {
		if v := recover(); v != nil {
			r, err = nil, panicked(v)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, c.line.Timeout)
	defer cancel()
	return provider.Find(ctx, c.line.Upstream.Provider, c.message, c.first.Add(-clockSkew))
}

// found settles every unknown attempt at the provider: it has the message.
func (s *send) found(c *candidate, receipt *provider.Receipt) {
	for _, a := range s.doubtful(c) {
		a.Outcome, a.Reconciled = provider.OutcomeAccepted, true
	}
	s.accept(c, receipt)
	s.closed = errSettled
}

// absent settles them too: it does not have it. As a vendor may list a message
// late after all, the result says that a duplicate is possible.
func (s *send) absent(c *candidate) {
	for _, a := range s.doubtful(c) {
		a.Outcome, a.Reconciled = provider.OutcomeNotSent, true
	}
	c.doubt = false
	s.doubt = slices.ContainsFunc(s.result.Attempts, func(a Attempt) bool { return a.Outcome == provider.OutcomeUnknown })
	s.result.DuplicatePossible = true
}

func (s *send) doubtful(c *candidate) []*Attempt {
	var list []*Attempt
	for i := range s.result.Attempts {
		a := &s.result.Attempts[i]
		if a.Provider == c.line.Name && a.Outcome == provider.OutcomeUnknown {
			list = append(list, a)
		}
	}
	return list
}
