package router

import (
	"context"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering"
)

// Plan is what Send would do with a message now.
type Plan struct {
	To       e164.Number       `json:"to"`
	Country  string            `json:"country"` // ISO 3166 alpha-2; "" = none
	Encoding string            `json:"encoding"`
	Segments int               `json:"segments"`
	Route    string            `json:"route"` // "" = no route matches
	Delivery provider.Delivery `json:"delivery"`
	Expires  *time.Time        `json:"expires"` // no attempt starts later; nil = no limit

	Code       provider.Code  `json:"code"`             // why it would be refused; "" = it would be tried
	Message    string         `json:"message"`          // the reason behind Code
	Guards     []GuardVerdict `json:"guards,omitempty"` // what each rule of the guard says
	Candidates []Candidate    `json:"candidates"`
}

// Candidate is a provider of the plan's route. Candidates are listed in the order
// in which they are tried, those that are out last.
type Candidate struct {
	Provider string       `json:"provider"`
	In       bool         `json:"in"`
	Reason   string       `json:"reason"`  // why it is out
	Ignored  []string     `json:"ignored"` // fields that it cannot honour
	Sender   string       `json:"sender"`  // the From that it would be given
	Segments int          `json:"segments"`
	Cost     *Cost        `json:"cost"`
	Breaker  BreakerState `json:"breaker"`
	// Quality is what an adaptive route has measured of it in the recipient's country;
	// nil = nothing.
	Quality *Quality `json:"quality,omitempty"`
}

// Plan returns what Send would do with m now. It sends nothing, asks no vendor
// and changes no state; a weighted route has the order of the next message. A guard
// may read its counters.
func (r *Router) Plan(m *provider.Message) *Plan {
	s := r.enter()
	if s == nil {
		return &Plan{Code: provider.Unavailable, Message: errClosed.Error(), Candidates: []Candidate{}}
	}
	defer s.gate.Leave()
	p := makePlan(s, m, time.Now(), peek)
	return p.explain(&s.options)
}

func (p *plan) explain(o *Options) *Plan {
	r := p.result()
	verdicts, stop := p.guardVerdicts(o)
	if err := firstOf(p.refusal, p.lateness(), p.unfit(), stop); err != nil {
		refuse(r, err)
	}
	e := &Plan{
		To: r.To, Encoding: r.Encoding, Segments: r.Segments, Delivery: p.delivery,
		Code: r.Code, Message: r.Message, Guards: verdicts, Candidates: make([]Candidate, 0, len(p.candidates)),
	}
	if !e.To.IsZero() {
		e.Country = numbering.Region(e.To)
	}
	if p.route != nil {
		e.Route = p.route.Name
	}
	if !p.expires.IsZero() {
		e.Expires = &p.expires
	}
	for i := range p.candidates {
		c := p.candidates[i].explain(circuitOf(p.candidates[i].upstream, &p.traits), o)
		if p.route.adaptive != nil {
			c.Quality = p.route.adaptive.qualityOf(p.route.Name, e.Country, p.candidates[i].place)
		}
		e.Candidates = append(e.Candidates, c)
	}
	return e
}

// explain says why a candidate is in or out.
func (c *candidate) explain(at circuit, o *Options) Candidate {
	breaker := at.state()
	reason := c.unfit
	if reason == "" {
		reason = at.outOfUse(false)
	}
	return Candidate{
		Provider: c.upstream.name, In: reason == "", Reason: reason, Ignored: append([]string{}, c.ignored...),
		Sender: c.message.From, Segments: c.analysis.Segments, Cost: c.estimate(o), Breaker: breaker,
	}
}

// guardVerdicts returns what the guard says of the message, and the first verdict that
// keeps it from being sent.
func (p *plan) guardVerdicts(o *Options) (list []GuardVerdict, stop error) {
	if o.Guard == nil || p.asked == nil || p.route == nil || p.unfit() != nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	list = o.Guard.Explain(ctx, p.admission(ctx, o, ""))
	for _, v := range list {
		if v.Code != "" {
			return list, &provider.Error{Code: v.Code, VendorMessage: v.Guard + ": " + v.Reason}
		}
	}
	return list, nil
}
