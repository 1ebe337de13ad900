package router

import (
	"errors"
	"time"

	"github.com/anysms/anysms/provider"
)

// result returns what is known of the message before anything is tried.
func (p *plan) result() *Result {
	if p.message == nil {
		return &Result{}
	}
	r := &Result{Ref: p.message.Ref, To: p.message.To}
	if p.analysis.Segments > 0 {
		r.Encoding, r.Segments = p.analysis.Encoding.String(), p.analysis.Segments
	}
	return r
}

// refused returns the result of a message that was not tried; err says why.
func (p *plan) refused(err error) (*Result, error) {
	r := p.result()
	refuse(r, err)
	return r, err
}

func refuse(r *Result, err error) {
	r.Code = provider.CodeOf(err)
	r.Status = r.Code.Outcome()
	_, r.Message = describe(err)
	r.Deferred, _ = errors.AsType[*Deferred](err)
	if e, ok := errors.AsType[*provider.Error](err); ok && r.Message == "" {
		r.Message = string(e.Code)
	}
}

// recalled returns the result of a message that the journal knows as accepted.
func (p *plan) recalled(prior *Result) *Result {
	r := p.result()
	r.Status, r.Provider, r.ID, r.Replayed = prior.Status, prior.Provider, prior.ID, true
	r.DuplicatePossible = prior.DuplicatePossible
	return r
}

// replayed returns the result of a message that the store knows as accepted.
func replayed(prior *Result) *Result {
	r := *prior
	r.Replayed = true
	return &r
}

// conclude returns the result that follows from the trail, and the error of the
// deciding attempt.
func conclude(p *plan, t *trail, end ending) (*Result, error) {
	r := p.result()
	r.Attempts, r.Skipped, r.DuplicatePossible = t.attempts, end.skipped, t.duplicatePossible
	if len(t.attempts) == 0 {
		err := p.nothingTried(end)
		refuse(r, err)
		return r, err
	}
	if t.acceptedBy != nil {
		r.accept(t.acceptedBy, t.receipt)
	}
	status := t.status(end.state == refused)
	r.Replayed = t.earlier == len(t.attempts) && status == provider.OutcomeUnknown
	switch {
	case status == provider.OutcomeNotSent && !end.outUntil.IsZero():
		r.Deferred = laterBy(end.outUntil)
	case status == provider.OutcomeUnknown && !end.askAgain.IsZero():
		r.Deferred = &Deferred{Until: end.askAgain, Reason: "the vendor is to be asked again about the message"}
	}
	i := len(t.attempts) - 1
	for i > 0 && t.attempts[i].Outcome != status {
		i--
	}
	if r.decidedBy(&t.attempts[i]) {
		return r, t.errOf(i)
	}
	return r, nil
}

// nothingTried returns why there was no attempt: no time, no provider that can carry
// the message, or none in use.
func (p *plan) nothingTried(end ending) error {
	if e, ok := errors.AsType[*provider.Error](end.cause); ok {
		return e
	}
	if end.state == stopped {
		return &provider.Error{Code: provider.Unavailable, Err: end.cause}
	}
	if err := p.unfit(); err != nil {
		return err
	}
	if end.mayWait && !end.again.IsZero() {
		return errLater(end.again)
	}
	return provider.NewError(provider.Unavailable, "no provider could be tried")
}

func (r *Result) accept(c *candidate, receipt *provider.Receipt) {
	r.ID, r.Ignored, r.Transliterated = receipt.ID, c.ignored, c.transliterated
	r.Encoding, r.Segments = c.analysis.Encoding.String(), c.analysis.Segments
	if receipt.Segments > 0 {
		r.Segments = receipt.Segments
	}
	if receipt.Cost != nil {
		r.Cost = &Cost{Money: *receipt.Cost}
	}
}

// decidedBy takes status and code from the deciding attempt. It reports whether the
// attempt's error is the cause.
func (r *Result) decidedBy(a *Attempt) bool {
	r.Status, r.Provider, r.CardPrice = a.Outcome, a.Provider, a.CardPrice
	if a.Outcome == provider.OutcomeAccepted && r.Cost == nil && a.CardPrice != nil {
		r.Cost = &Cost{Money: *a.CardPrice, Estimated: true}
	}
	if a.Outcome != provider.OutcomeAccepted {
		r.Code, r.Message = a.Code, a.Message
	}
	if a.Reconciled && a.Outcome == provider.OutcomeNotSent {
		r.Code = provider.Unavailable
		r.Message = "the vendor does not list the message, whose attempt had an unknown outcome"
		return false
	}
	return true
}

// errLater is why a message is deferred by Try.
func errLater(until time.Time) error {
	return &provider.Error{Code: provider.Unavailable, Err: laterBy(until)}
}

func laterBy(until time.Time) *Deferred {
	return &Deferred{Until: until, Reason: "no provider can take it now"}
}
