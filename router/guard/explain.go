package guard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/numbering"
)

func countryOf(m *provider.Message) string { return numbering.Region(m.To) }

// Explain implements router.Guard.
func (p *Policy) Explain(ctx context.Context, a *router.Admission) []router.GuardVerdict {
	ps := newPassage(a, p.now())
	defer ps.free()
	o := &p.options
	var list []router.GuardVerdict
	if o.OptOuts != nil {
		list = append(list, verdict(o.OptOuts.name(), o.OptOuts.judge(ctx, ps), ""))
	}
	if o.Countries.active() {
		list = append(list, verdict(o.Countries.name(), o.Countries.judge(ps), ps.Country))
	}
	for i := range o.Quiet {
		if q := &o.Quiet[i]; q.takes(&ps.traits) {
			list = append(list, verdict(q.name(), q.judge(ps), q.String()))
		}
	}
	list = append(list, p.explainMeters(ctx, ps)...)
	if s := &o.Senders; len(s.Choices) > 0 || s.Rules != nil {
		sender := cmp.Or(a.Message.From, "the provider's own sender")
		if s.ruled(a.Message.From) {
			if advice := s.advice(a.Message.From, ps.Country); advice != "" {
				sender += ": " + advice
			}
		}
		list = append(list, verdict("senders", nil, sender))
	}
	return list
}

// explainMeters says how far the counters are that the message would be charged to.
func (p *Policy) explainMeters(ctx context.Context, ps *passage) (list []router.GuardVerdict) {
	for _, m := range p.meters {
		if err := m.charge(ps); err != nil {
			list = append(list, verdict(m.name(), err, ""))
		}
	}
	if len(ps.charges) == 0 {
		return list
	}
	ps.name()
	ctx, cancel := p.bounded(ctx)
	defer cancel()
	if err := p.counters.Levels(ctx, ps.now, ps.charges); err != nil {
		return append(list, verdict("counters", p.unreachable(ps, err), "the counters cannot be reached"))
	}
	for i, m := range ps.meters {
		c := &ps.charges[i]
		var over error
		if c.Level+c.Amount > c.Limit {
			over = m.exceeded(c)
		}
		list = append(list, verdict(m.name(), over, m.String()+": "+level(m, c)))
	}
	return list
}

func level(m meter, c *Charge) string {
	switch m := m.(type) {
	case *Budget:
		return m.Max.format(c.Level) + " used"
	case *Pumping:
		return fmt.Sprintf("at %d %%", 100*c.Level/m.stop())
	}
	return fmt.Sprintf("%d used", c.Level)
}

// verdict says in one line what a rule says of a message; pass is what it says to one
// that passes.
func verdict(rule string, err error, pass string) router.GuardVerdict {
	v := router.GuardVerdict{Guard: rule, Verdict: "pass", Reason: pass}
	if err == nil {
		return v
	}
	v.Verdict, v.Code, v.Reason = "refuse", provider.CodeOf(err), err.Error()
	if e, ok := errors.AsType[*provider.Error](err); ok && e.Err != nil {
		v.Reason = e.Err.Error()
	}
	v.Reason = strings.TrimPrefix(v.Reason, rule+": ")
	if later, ok := errors.AsType[*router.Deferred](err); ok {
		v.Verdict, v.Code, v.Reason, v.Until = "defer", provider.Unavailable, later.Reason, &later.Until
	}
	return v
}

// Rules describes every rule in a line, for people.
func (p *Policy) Rules() []string {
	o := &p.options
	var list []string
	if o.OptOuts != nil {
		list = append(list, "optouts: by the program's list")
	}
	if o.Countries.active() {
		list = append(list, "countries: "+o.Countries.String())
	}
	for i := range o.Quiet {
		list = append(list, "quiet_hours: "+o.Quiet[i].String())
	}
	for _, m := range p.meters {
		list = append(list, m.name()+": "+m.String())
	}
	if s := o.Senders.String(); s != "" {
		list = append(list, "senders: "+s)
	}
	return list
}
