package router

import (
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
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
