package router

import (
	"cmp"
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
)

// trail is what was tried with one message and what came of it. It alone says
// whether a provider may have the message.
type trail struct {
	attempts []Attempt
	errs     []attemptError
	earlier  int // attempts of an earlier send, which come first

	acceptedBy *candidate // the provider that has the message; nil = none is known
	receipt    *provider.Receipt

	duplicatePossible bool
}

// attemptError is the error behind an attempt of this send.
type attemptError struct {
	attempt int // its index
	err     error
}

// inherit puts the trail of an earlier send, whose outcome is unknown, before this
// one, so that the providers that may have the message are in doubt here too. Several
// of them are a possible duplicate, except under a mode that does not go on in doubt:
// there all but the last have proven not to have it, which journals do not record.
func (t *trail) inherit(prior *Result, now time.Time, mode provider.Delivery) {
	t.duplicatePossible = t.duplicatePossible || prior.DuplicatePossible
	before := slices.Clone(prior.Attempts)
	if !slices.ContainsFunc(before, isUnknown) {
		before = append(before, Attempt{
			Provider: prior.Provider, Outcome: provider.OutcomeUnknown, Code: provider.Indeterminate,
			Message: "an earlier send ended without a result", StartedAt: now,
		})
	}
	for i := range before {
		before[i].Earlier = true
	}
	t.earlier = len(before)
	t.attempts = append(before, t.attempts...)
	if i := slices.IndexFunc(before, isUnknown); mode != provider.AtMostOnce {
		t.duplicatePossible = t.duplicatePossible ||
			slices.ContainsFunc(before, func(a Attempt) bool { return isUnknown(a) && a.Provider != before[i].Provider })
	}
	for i := range t.errs {
		t.errs[i].attempt += t.earlier
	}
}

// add appends an attempt of this send.
func (t *trail) add(a Attempt, err error) {
	if t.inDoubt() && !t.inDoubtAt(a.Provider) {
		t.duplicatePossible = true
	}
	if err != nil {
		t.errs = append(t.errs, attemptError{len(t.attempts), err})
	}
	t.attempts = append(t.attempts, a)
}

// accept records which provider has the message.
func (t *trail) accept(by *candidate, receipt *provider.Receipt) {
	t.acceptedBy, t.receipt = by, receipt
}

// settle records what the vendor returned when it was asked about the attempts in
// doubt.
func (t *trail) settle(name string, o provider.Outcome) {
	for i := range t.attempts {
		if a := &t.attempts[i]; a.Provider == name && isUnknown(*a) {
			a.Outcome, a.Reconciled = o, true
			if o == provider.OutcomeNotSent {
				a.CardPrice = nil
			}
		}
	}
}

// charge records what the vendor charges for the last attempt at it.
func (t *trail) charge(name string, money *provider.Money) {
	for i := len(t.attempts) - 1; i >= 0; i-- {
		if a := &t.attempts[i]; a.Provider == name {
			a.Charged = money
			return
		}
	}
}

// last returns the latest attempt and its error.
func (t *trail) last() (*Attempt, error) {
	i := len(t.attempts) - 1
	return &t.attempts[i], t.errOf(i)
}

func (t *trail) errOf(attempt int) error {
	for _, e := range t.errs {
		if e.attempt == attempt {
			return e.err
		}
	}
	return nil
}

// tries counts the attempts of this send at one provider.
func (t *trail) tries(name string) int {
	n := 0
	for i := t.earlier; i < len(t.attempts); i++ {
		if t.attempts[i].Provider == name {
			n++
		}
	}
	return n
}

// firstAt returns when the first attempt at a provider began; zero = there was none.
func (t *trail) firstAt(name string) time.Time {
	for i := range t.attempts {
		if t.attempts[i].Provider == name {
			return t.attempts[i].StartedAt
		}
	}
	return time.Time{}
}

// doubt returns when the last attempt in doubt at a provider began, and when it had ended:
// when its timeout had passed, if nobody recorded its end.
func (t *trail) doubt(u *upstream) (began, ended time.Time) {
	for i := range t.attempts {
		a := &t.attempts[i]
		if a.Provider == u.name && isUnknown(*a) && a.StartedAt.After(began) {
			began, ended = a.StartedAt, a.StartedAt.Add(cmp.Or(a.Duration, u.settings.Timeout))
		}
	}
	return began, ended
}

// inDoubt reports whether some provider may have the message.
func (t *trail) inDoubt() bool { return slices.ContainsFunc(t.attempts, isUnknown) }

// inDoubtAt reports whether this provider may have the message.
func (t *trail) inDoubtAt(name string) bool {
	return slices.ContainsFunc(t.attempts, func(a Attempt) bool { return a.Provider == name && isUnknown(a) })
}

func isUnknown(a Attempt) bool { return a.Outcome == provider.OutcomeUnknown }

// status returns the status that follows from all attempts: accepted comes before
// unknown, that before a refusal for all providers, that before not_sent, and that
// before refusals by single vendors.
func (t *trail) status(refusedForAll bool) provider.Outcome {
	notSent := false
	status := provider.OutcomeRefused
	for i := range t.attempts {
		switch t.attempts[i].Outcome {
		case provider.OutcomeAccepted:
			return provider.OutcomeAccepted
		case provider.OutcomeUnknown:
			status = provider.OutcomeUnknown
		case provider.OutcomeNotSent:
			notSent = true
		}
	}
	if status == provider.OutcomeRefused && notSent && !refusedForAll {
		return provider.OutcomeNotSent
	}
	return status
}
