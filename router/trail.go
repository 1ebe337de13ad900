package router

import (
	"errors"

	"github.com/anysms/anysms/provider"
)

// accept puts the acceptance into the result.
func (s *send) accept(c *candidate, receipt *provider.Receipt) {
	r := s.result
	r.Provider, r.ID, r.Ignored = c.line.Name, receipt.ID, append(r.Ignored, c.ignored...)
	r.Transliterated = c.transliterated
	r.Encoding, r.Segments = c.analysis.Encoding.String(), c.analysis.Segments
	if receipt.Segments > 0 {
		r.Segments = receipt.Segments
	}
	if receipt.Cost != nil {
		r.Cost = &Cost{Money: *receipt.Cost}
	} else {
		r.Cost = s.estimate(c)
	}
}

// estimate is what the rate card says; nil = nothing.
func (s *setup) estimate(c *candidate) *Cost {
	if s.Price == nil {
		return nil
	}
	money, ok := s.Price(c.line.Name, c.message.To, c.analysis.Segments)
	if !ok {
		return nil
	}
	return &Cost{Money: money, Estimated: true}
}

// conclude gives the result its status. The cause is that of the attempt which
// decided.
func (s *send) conclude() error {
	s.listSkipped()
	if len(s.result.Attempts) == 0 {
		return s.nothingTried()
	}
	status := s.status()
	s.result.Replayed = s.inherited == len(s.result.Attempts) && status == provider.OutcomeUnknown
	for i := len(s.result.Attempts) - 1; i >= 0; i-- {
		if a := &s.result.Attempts[i]; a.Outcome == status {
			return s.decidedBy(a, s.errs[i])
		}
	}
	return s.decidedBy(&s.result.Attempts[0], s.errs[0]) // not reached: status is one of theirs
}

// status of the trail: accepted beats unknown, which beats a final refusal,
// which beats not_sent, which beats the refusals of single vendors.
func (s *send) status() provider.Outcome {
	var seen struct{ accepted, unknown, notSent bool }
	for i := range s.result.Attempts {
		switch s.result.Attempts[i].Outcome {
		case provider.OutcomeAccepted:
			seen.accepted = true
		case provider.OutcomeUnknown:
			seen.unknown = true
		case provider.OutcomeNotSent:
			seen.notSent = true
		}
	}
	switch {
	case seen.accepted:
		return provider.OutcomeAccepted
	case seen.unknown:
		return provider.OutcomeUnknown
	case s.final || !seen.notSent:
		return provider.OutcomeRefused
	}
	return provider.OutcomeNotSent
}

func (s *send) decidedBy(a *Attempt, cause error) error {
	r := s.result
	r.Status, r.Provider = a.Outcome, a.Provider
	if a.Outcome != provider.OutcomeAccepted {
		r.Code, r.Message = a.Code, a.Message
	}
	if a.Reconciled && a.Outcome == provider.OutcomeNotSent {
		r.Code = provider.Unavailable
		r.Message = "the vendor does not list the message, whose attempt had an unknown outcome"
		return nil // what the attempt said is settled
	}
	return cause
}

// nothingTried: the message is refused if no provider can carry it; else it was
// not sent, as there was none to be had or no time.
func (s *send) nothingTried() error {
	err := provider.NewError(provider.Unavailable, "no provider could be tried")
	switch {
	case s.closed != nil:
		err.Err = s.closed
	case s.allUnfit():
		err = provider.NewError(provider.Unsupported, "no provider of the route can carry this message")
	}
	s.refuse(err)
	return err
}

func (s *send) allUnfit() bool {
	for i := range s.candidates {
		if s.candidates[i].unfit == "" {
			return false
		}
	}
	return true
}

// refuse is the result of a message that no attempt was made with.
func (s *send) refuse(err error) {
	r := s.result
	r.Code = provider.CodeOf(err)
	r.Status = r.Code.Outcome()
	_, r.Message = words(err)
	if e, ok := errors.AsType[*provider.Error](err); ok && e.Err == nil && r.Message == "" {
		r.Message = string(e.Code)
	}
}

// listSkipped names the providers that were passed over.
func (s *send) listSkipped() {
	for i := range s.candidates {
		c := &s.candidates[i]
		switch {
		case c.unfit != "":
			s.result.Skipped = append(s.result.Skipped, Skip{c.line.Name, c.unfit})
		case c.tries == 0 && c.state != fresh:
			s.result.Skipped = append(s.result.Skipped, Skip{c.line.Name, c.passed})
		}
	}
}
