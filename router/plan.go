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
	Route    string            `json:"route"` // "" = no route takes it
	Delivery provider.Delivery `json:"delivery"`
	Expires  *time.Time        `json:"expires"` // no attempt starts later; nil = no limit

	Code       provider.Code `json:"code"`    // why it would be refused; "" = it would be tried
	Message    string        `json:"message"` // the words that go with Code
	Candidates []Candidate   `json:"candidates"`
}

// Candidate is a provider of the plan's route, in the order of trial, those
// that are out last.
type Candidate struct {
	Provider string       `json:"provider"`
	In       bool         `json:"in"`
	Reason   string       `json:"reason"`  // why it is out
	Ignored  []string     `json:"ignored"` // fields that it cannot honour
	Sender   string       `json:"sender"`  // the From it would be given
	Segments int          `json:"segments"`
	Cost     *Cost        `json:"cost"`
	Breaker  BreakerState `json:"breaker"`
}

// Plan says what Send would do with m now. It sends nothing, asks no vendor and
// changes no state; the order of a weighted route is that of the next message.
func (r *Router) Plan(m *provider.Message) *Plan {
	s := send{r: r, m: m, result: &Result{}, started: time.Now()}
	if s.setup = r.enter(); s.setup == nil {
		return &Plan{Code: provider.Unavailable, Message: errClosed.Error(), Candidates: []Candidate{}}
	}
	defer s.gate.leave()
	if s.m == nil {
		s.m = &provider.Message{}
	}
	err := s.prepare(context.Background(), false)
	if err == nil {
		err = s.late()
	}
	if err != nil {
		s.refuse(err)
	} else if s.allUnfit() {
		_ = s.nothingTried() // the result has it
	}
	return s.plan()
}

func (s *send) plan() *Plan {
	p := &Plan{
		To: s.result.To, Encoding: s.result.Encoding, Segments: s.result.Segments, Delivery: s.mode,
		Code: s.result.Code, Message: s.result.Message, Candidates: make([]Candidate, 0, len(s.candidates)),
	}
	if !p.To.IsZero() {
		p.Country = numbering.Region(p.To)
	}
	if s.route != nil {
		p.Route = s.route.Name
	}
	if !s.expires.IsZero() {
		p.Expires = &s.expires
	}
	for i := range s.candidates {
		p.Candidates = append(p.Candidates, s.explain(&s.candidates[i]))
	}
	return p
}

// explain says of a candidate why it is in or out.
func (s *send) explain(c *candidate) Candidate {
	b := s.breaker(c).state()
	e := Candidate{
		Provider: c.line.Name, Reason: c.unfit, Ignored: append([]string{}, c.ignored...), Sender: c.message.From,
		Segments: c.analysis.Segments, Cost: s.estimate(c), Breaker: b,
	}
	override := c.line.health.overridden()
	switch {
	case e.Reason != "":
	case override == OverrideOut:
		e.Reason = "an operator holds it out of use"
	case s.isOpen(c) && override != OverrideIn:
		e.Reason = "its circuit breaker is open"
	default:
		e.In = true
	}
	return e
}
