package router

import (
	"context"
	"time"

	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
)

// plan is what the configuration makes of one message, before anything is tried:
// candidates in the order in which they are tried, or a refusal. Send and
// [Router.Plan], and so `anysms route explain`, use the same plan.
type plan struct {
	message  *provider.Message // with the recipient that it really goes to
	asked    *provider.Message // with the recipient that the caller gave
	analysis segment.Analysis  // of its text; the zero value if that could not be read
	traits   traits
	route    *route // nil = none matches
	delivery provider.Delivery

	arrived    time.Time
	expires    time.Time   // by Validity and Deadline; zero = never
	candidates []candidate // those that cannot carry the message come last
	refusal    error       // nil = it may be tried
}

// makePlan plans for a message that arrives now. It does no I/O, and the only
// thing that it may change is whose turn it is on a weighted route.
func makePlan(s *setup, m *provider.Message, now time.Time, t turn) plan {
	if m == nil {
		m = &provider.Message{}
	}
	o := &s.options
	p := plan{message: m, arrived: now}
	if p.analysis, p.refusal = validate(m, o); p.refusal != nil {
		return p
	}
	p.chooseSender(o.Guard)
	p.asked = p.message
	if !o.RedirectAllTo.IsZero() {
		copied := *p.asked
		copied.To = o.RedirectAllTo
		p.message = &copied
	}
	p.traits = traits{message: p.message, lookup: o.Network}
	if p.route = s.routeFor(&p.traits); p.route == nil {
		p.refusal = &provider.Error{Code: provider.NoRoute, Err: ErrNoRoute}
		return p
	}
	p.delivery = p.chooseDelivery(o)
	p.expires = p.chooseExpiry(o)
	p.chooseCandidates(o, t)
	return p
}

// chooseSender takes the sender that the guard wants.
func (p *plan) chooseSender(g Guard) {
	if g == nil {
		return
	}
	if from := g.Sender(p.message); from != "" && from != p.message.From {
		copied := *p.message
		copied.From = from
		p.message = &copied
	}
}

func (s *setup) routeFor(t *traits) *route {
	for _, r := range s.routes {
		if r.takes(t) {
			return r
		}
	}
	return nil
}

// chooseDelivery takes the message's own mode, else the route's, else the
// router's, else the class's.
func (p *plan) chooseDelivery(o *Options) provider.Delivery {
	for _, d := range [...]provider.Delivery{p.message.Delivery, p.route.Delivery, o.Delivery} {
		if d != "" {
			return d
		}
	}
	if p.message.Class == provider.OTP {
		return provider.AtLeastOnce // the same code twice is harmless, no code locks people out
	}
	return provider.AtMostOnce
}

func (p *plan) chooseExpiry(o *Options) time.Time {
	validity := p.message.Validity
	if validity == 0 && p.message.Class == provider.OTP {
		validity = o.OTPExpiry
	}
	if validity <= 0 {
		return p.message.Deadline
	}
	return earlier(p.message.Deadline, p.validFrom().Add(validity))
}

// validFrom is when the message's validity begins.
func (p *plan) validFrom() time.Time {
	if p.message.SendAt.After(p.arrived) {
		return p.message.SendAt
	}
	return p.arrived
}

// deadline is when the last attempt must have begun: the plan's, or the caller's
// if that is earlier.
func (p *plan) deadline(ctx context.Context) time.Time {
	end, _ := ctx.Deadline()
	return earlier(p.expires, end)
}

// chooseCandidates fits the message to every provider of the route.
func (p *plan) chooseCandidates(o *Options, t turn) {
	targets := p.route.Targets
	p.candidates = make([]candidate, 0, len(targets))
	var unfit []candidate
	for i, u := range p.route.upstreams {
		c := newCandidate(p.message, p.analysis, u, &targets[i], i, o)
		if c.unfit != "" {
			unfit = append(unfit, c)
			continue
		}
		p.candidates = append(p.candidates, c)
	}
	order(p.candidates, p.route, &p.traits, o, t)
	p.candidates = append(p.candidates, unfit...)
}

// maxLate is how much in the past a message's SendAt may be.
const maxLate = time.Minute

// lateness refuses a message whose deadline, or whose time to send, had passed when
// it arrived. It is apart from refusal, because what is known of an earlier send
// comes before it.
func (p *plan) lateness() error {
	m := p.message
	switch {
	case !m.Deadline.IsZero() && !m.Deadline.After(p.arrived):
		return invalid("the deadline has passed")
	case !m.SendAt.IsZero() && p.arrived.Sub(m.SendAt) > maxLate:
		return invalid("the time to send has passed: %s", m.SendAt.Format(time.RFC3339))
	}
	return nil
}

// unfit refuses a message that no provider of the route can carry.
func (p *plan) unfit() error {
	for i := range p.candidates {
		if p.candidates[i].unfit == "" {
			return nil
		}
	}
	return provider.NewError(provider.Unsupported, "no provider of the route can carry this message")
}
