package router

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/numbering"
)

// patienceOfSend is how long a guard may make a bare Send wait.
const patienceOfSend = time.Second

// admission describes the message to the guard; key is the one in the journal.
func (p *plan) admission(ctx context.Context, o *Options, key string) *Admission {
	a := &Admission{
		ID: cmp.Or(p.asked.Ref, key), Client: ClientOf(ctx), Message: p.asked, Segments: p.analysis.Segments,
		Country: p.country(),
	}
	for i := range p.candidates {
		c := &p.candidates[i]
		if c.unfit != "" {
			continue
		}
		a.Segments = max(a.Segments, c.analysis.Segments)
		if cost := c.estimate(o); cost != nil {
			a.Costs = append(a.Costs, cost.Money)
		} else {
			a.Unpriced = true
		}
	}
	return a
}

// country is that of the recipient that the caller gave.
func (p *plan) country() string {
	if p.asked.To == p.message.To {
		return p.traits.countryCode()
	}
	return numbering.Region(p.asked.To)
}

// askGuard asks the guard. nil, nil = there is none, or nothing that could be tried.
func (l *loop) askGuard(ctx context.Context, j *job) (*Admission, error) {
	g := l.options.Guard
	if g == nil || l.plan.unfit() != nil {
		return nil, nil
	}
	a := l.plan.admission(ctx, l.options, j.key)
	a.observer = l.observer
	a.Patience = min(patienceOfSend, timeUntil(l.bounds.deadline))
	if l.outages != nil {
		a.Patience = min(l.outages.limit, timeUntil(l.bounds.deadline))
	}
	if j.patient {
		a.Patience = min(a.Patience, j.patience)
	}
	err := g.Admit(ctx, a)
	if err == nil {
		return a, nil
	}
	err = notAdmitted(err)
	l.observer.telemetry.guard(a.guard, err)
	return nil, err
}

// notAdmitted gives a guard's error its code.
func notAdmitted(err error) error {
	if _, ok := errors.AsType[*Deferred](err); ok || !isRefusal(err) {
		return &provider.Error{Code: provider.Unavailable, Err: err}
	}
	return err
}

// settle tells the guard what became of the message.
func (l *loop) settle(ctx context.Context, a *Admission, r *Result) {
	if a == nil {
		return
	}
	a.Claimed = l.record.everClaimed
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	if err := l.options.Guard.Settle(ctx, a, r); err != nil {
		l.observer.fault(r.Ref, fmt.Errorf("the guard could not take note of a result: %w", err))
	}
}

// Announce hands a notice to the program and the log: kind [NoticeGuard].
func (a *Admission) Announce(rule, reason string, err error) {
	if a.observer != nil {
		a.observer.notice(Notice{Kind: NoticeGuard, At: time.Now(), Guard: rule, Reason: reason, Err: err})
	}
}
