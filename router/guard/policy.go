package guard

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// Policy is a set of rules: a router.Guard. Make it with [New]. It is safe for
// concurrent use.
type Policy struct {
	options  Options
	counters Counters
	memory   *Memory // the counters, if they are in this process
	meters   []meter
	names    map[string]string // of their counters, with their paths
	paces    paces
	zones    *zones
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error

	down atomic.Int64 // when the counters were last announced as unreachable, Unix nanoseconds
}

var _ router.Guard = (*Policy)(nil)

// meter is a rule that counts.
type meter interface {
	name() string
	counter() string            // tells its counters apart from those of other rules
	charge(*passage) error      // adds its charge, if it is about the message
	exceeded(*Charge) error     // the refusal
	reserved(*passage, *Charge) // it has been charged
	String() string
}

// Sender implements router.Guard: a message without a From gets one by the choices.
func (p *Policy) Sender(m *provider.Message) string {
	if m.From != "" || len(p.options.Senders.Choices) == 0 {
		return ""
	}
	return p.options.Senders.choose(m)
}

// Unfit implements router.Guard: it says why the recipient's country does not accept the
// message's sender.
func (p *Policy) Unfit(m *provider.Message) string {
	if !p.options.Senders.ruled(m.From) {
		return ""
	}
	return p.options.Senders.unfit(m.From, countryOf(m))
}

// Admit implements router.Guard.
func (p *Policy) Admit(ctx context.Context, a *router.Admission) error {
	ps := newPassage(a, p.now())
	rule, err := p.admit(ctx, ps)
	if err != nil {
		a.SetRule(rule)
		ps.free()
		return err
	}
	a.State = ps
	return nil
}

// admit asks all rules. With an error it returns the rule that decided.
func (p *Policy) admit(ctx context.Context, ps *passage) (rule string, err error) {
	if rule, err := p.judge(ctx, ps); err != nil {
		return rule, err
	}
	if rule, err := p.quiet(ctx, ps); err != nil {
		return rule, err
	}
	if rule, err := p.reserve(ctx, ps); err != nil {
		return rule, err
	}
	if err := p.paces.wait(ctx, ps, p.sleep); err != nil {
		return "senders", errors.Join(err, p.giveBack(ctx, ps))
	}
	return "", nil
}

// judge asks the rules that look at the message alone.
func (p *Policy) judge(ctx context.Context, ps *passage) (rule string, err error) {
	o := &p.options
	if o.OptOuts != nil {
		err := o.OptOuts.judge(ctx, ps)
		if err != nil && provider.CodeOf(err) != provider.OptedOut {
			err = p.unreachable(ps, fmt.Errorf("the list of opt-outs cannot be read: %w", err))
		}
		if err != nil {
			return o.OptOuts.name(), err
		}
	}
	if o.Countries.active() {
		if err := o.Countries.judge(ps); err != nil {
			return o.Countries.name(), err
		}
	}
	return "", nil
}

// quiet asks for the time of day. A quiet time that ends soon is waited for.
func (p *Policy) quiet(ctx context.Context, ps *passage) (rule string, err error) {
	for i := range p.options.Quiet {
		q := &p.options.Quiet[i]
		err := q.judge(ps)
		if later, ok := errors.AsType[*router.Deferred](err); ok && later.Until.Sub(ps.now) <= ps.Patience {
			err = p.sleep(ctx, later.Until.Sub(ps.now))
			ps.now = p.now()
		}
		if err != nil {
			return q.name(), err
		}
	}
	return "", nil
}

// reserve charges all counters, or none.
func (p *Policy) reserve(ctx context.Context, ps *passage) (rule string, err error) {
	for _, m := range p.meters {
		if err := m.charge(ps); err != nil {
			return m.name(), err
		}
	}
	if len(ps.charges) == 0 {
		return "", nil
	}
	ps.name()
	bounded, cancel := p.bounded(ctx)
	held, over, err := p.counters.Reserve(bounded, ps.id, ps.now, ps.now.Add(p.options.Keep), ps.charges)
	cancel()
	ps.held = held
	switch {
	case err != nil && ctx.Err() != nil:
		return "counters", context.Cause(ctx)
	case err != nil:
		return "counters", p.unreachable(ps, fmt.Errorf("the counters cannot be reached: %w", err))
	case over >= 0:
		m := ps.meters[over]
		return m.name(), m.exceeded(&ps.charges[over])
	case ps.held:
		return "", nil
	}
	ps.reserved = true
	for i, m := range ps.meters {
		m.reserved(ps, &ps.charges[i])
	}
	return "", nil
}

// unreachable returns the error of a message that cannot be judged, or nil if such
// messages pass. It announces now and then that it is so.
func (p *Policy) unreachable(ps *passage, err error) error {
	reason := "messages are not sent"
	if p.options.OnError == router.FailOpen {
		reason = "messages pass uncounted"
	}
	last, now := p.down.Load(), ps.now.UnixNano()
	if away := time.Duration(now - last).Abs(); away >= sayDown && p.down.CompareAndSwap(last, now) {
		ps.Announce("counters", reason, err)
	}
	if p.options.OnError == router.FailOpen {
		return nil
	}
	return err
}

// sayDown is how often it is announced that the counters cannot be reached.
const sayDown = 30 * time.Second

// Settle implements router.Guard.
func (p *Policy) Settle(ctx context.Context, a *router.Admission, r *router.Result) error {
	ps, ok := a.State.(*passage)
	if !ok {
		return nil
	}
	a.State = nil
	defer ps.free()
	if r.Status != provider.OutcomeAccepted && r.Status != provider.OutcomeUnknown {
		return p.giveBack(ctx, ps)
	}
	if r.Status == provider.OutcomeAccepted && p.memory != nil && ps.id != "" {
		p.memory.spent(ps.id)
	}
	return p.correct(ctx, ps, r)
}

// giveBack returns what a message has reserved that provably was not sent. What an
// earlier Send has reserved is returned only if the message was this one's alone: else
// that Send may still be under way.
func (p *Policy) giveBack(ctx context.Context, ps *passage) error {
	if !ps.reserved && (!ps.held || !ps.Claimed) {
		return nil
	}
	if ps.id != "" {
		ctx, cancel := p.bounded(ctx)
		defer cancel()
		return p.counters.Return(ctx, ps.id, ps.now)
	}
	for i := range ps.charges {
		ps.charges[i].Amount = -ps.charges[i].Amount
	}
	return p.add(ctx, ps.now, ps.charges)
}

func (p *Policy) add(ctx context.Context, now time.Time, charges []Charge) error {
	ctx, cancel := p.bounded(ctx)
	defer cancel()
	return p.counters.Add(ctx, now, charges)
}

// correct makes budgets count what an accepted message has really cost.
func (p *Policy) correct(ctx context.Context, ps *passage, r *router.Result) error {
	if r.Status != provider.OutcomeAccepted || r.Replayed || !ps.reserved {
		return nil
	}
	var list []Charge
	for i, m := range ps.meters {
		b, ok := m.(*Budget)
		if !ok {
			continue
		}
		if by := b.correct(&ps.charges[i], r); by != 0 {
			c := ps.charges[i]
			c.Amount = by
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return p.add(ctx, ps.now, list)
}

// Verified tells the policy that a code sent to a number came back, for [Pumping].
func (p *Policy) Verified(ctx context.Context, to e164.Number) error {
	if p.options.Pumping == nil || to.IsZero() {
		return nil
	}
	now := p.now()
	return p.add(ctx, now, []Charge{p.options.Pumping.verified(to, now)})
}

// VerifiedIn is [Policy.Verified] for a program that no longer knows the number, only its
// digits without the last three.
func (p *Policy) VerifiedIn(ctx context.Context, block string) error {
	to, err := e164.ParseDigits(block + "000")
	if err != nil {
		return fmt.Errorf("guard: %q are not the first digits of a number: %w", provider.Mask(block), err)
	}
	return p.Verified(ctx, to)
}
