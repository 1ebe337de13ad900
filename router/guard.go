package router

import (
	"context"
	"encoding/json"
	"time"

	"github.com/anysms/anysms/provider"
)

// Deferred is why a message must not be sent yet: the recipient's night, a limit that
// frees up later. A message that a [Guard] defers is not_sent, and errors.As finds the
// *Deferred in the error of Send; it costs no attempt. A queue keeps the message and
// sends it again when the time has come. A bare Send returns not_sent, and sending the
// message again is up to the caller.
type Deferred struct {
	Until  time.Time // when it may be tried again; nothing says that it will then be sent
	Reason string    // without number and text
}

// Error returns the reason and the time.
func (d *Deferred) Error() string {
	return "deferred until " + d.Until.Format(time.RFC3339) + ": " + d.Reason
}

type deferredJSON struct {
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
}

// MarshalJSON writes {"until":"2026-11-21T08:00:00+02:00","reason":"quiet hours"}.
func (d Deferred) MarshalJSON() ([]byte, error) { return json.Marshal(deferredJSON(d)) }

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Deferred) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, (*deferredJSON)(d))
}

// Guard decides which messages may be sent, by rules that are not about providers:
// limits, budgets, times of day, countries. Package guard has one. A Guard is safe for
// concurrent use.
//
// A message may pass it several times: it is deferred, it is tried again after
// not_sent, another process takes it over after a crash. Admission.ID is the same each
// time, so that it is charged and counted once.
type Guard interface {
	// Sender returns the From that a message is to have; "" = as it is. It is asked
	// before a route is chosen, and does no I/O.
	Sender(m *provider.Message) (from string)
	// Unfit says why a message must not go out as a provider would be given it, with the
	// sender that it has there; "" = it may. The provider is then passed over. It does no
	// I/O.
	Unfit(m *provider.Message) (reason string)
	// Admit is asked before the first attempt of a Send, once nothing is known that
	// settles the message already. nil lets the message pass, and what it takes up is
	// reserved. A [*Deferred] makes it not_sent for now; an error with a
	// [provider.Code] refuses it; any other error means that the guard could not
	// decide, and the message is not_sent. Admit may wait, no longer than
	// Admission.Patience.
	Admit(ctx context.Context, a *Admission) error
	// Settle is told what became of a message that was admitted. What proves that no
	// vendor has it (refused, not_sent) returns what it had reserved; unknown counts as
	// spent. An error is announced, and the result stays.
	Settle(ctx context.Context, a *Admission, r *Result) error
	// Explain returns what each rule says of a message, for people. It reserves nothing.
	Explain(ctx context.Context, a *Admission) []GuardVerdict
}

// Admission is a message that asks a [Guard] for permission.
type Admission struct {
	// ID is the message's own: its Ref, or its key in the journal. "" = it has neither,
	// and this Send is all there is of it.
	ID string
	// Client is who wants the message sent, as in [WithClient]; "" = nobody in
	// particular.
	Client string
	// Message is as the caller gave it, with the sender that it has now. It must not be
	// changed.
	Message  *provider.Message
	Country  string // of Message.To, ISO 3166 alpha-2; "" = none
	Segments int    // the most that a provider of the route would be given
	// Costs are the estimates of the providers that could carry the message, in the
	// order in which they are tried.
	Costs    []provider.Money
	Unpriced bool          // for one of these providers nothing is known
	Patience time.Duration // how long Admit may wait

	// Claimed is set for Settle: the message was this Send's alone.
	Claimed bool
	// State is the guard's own, from Admit to Settle.
	State any

	guard    string
	observer *observer
}

// SetRule sets the rule that decided, for metrics and notices. A Guard calls it in Admit.
func (a *Admission) SetRule(rule string) { a.guard = rule }

// Rule returns the rule that decided; "" = none has.
func (a *Admission) Rule() string { return a.guard }

// GuardVerdict is what a rule says of a message.
type GuardVerdict struct {
	Guard   string        `json:"guard"`
	Verdict string        `json:"verdict"` // pass, refuse or defer
	Code    provider.Code `json:"code"`    // of refuse and defer
	Reason  string        `json:"reason"`
	Until   *time.Time    `json:"until,omitempty"` // of defer
}

type clientKey struct{}

// WithClient returns a context that says who wants the messages sent, for limits by
// client. A program that sends for several clients sets it; a queue restores it.
func WithClient(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, clientKey{}, name)
}

// ClientOf returns the name given to [WithClient]; "" = none.
func ClientOf(ctx context.Context) string {
	name, _ := ctx.Value(clientKey{}).(string)
	return name
}
