package api

import (
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// Message is a message in responses and events. Lists leave out its text, attempts and
// events.
type Message struct {
	ID         string         `json:"id" doc:"ours" example:"msg_0199a5b0-7c1e-7d7f-8a2e-0123456789ab"`
	Ref        string         `json:"ref" doc:"the caller's own id; empty = none"`
	Status     ledger.Status  `json:"status" enum:"queued,sending,accepted,sent,delivered,undelivered,expired,rejected,refused,not_sent,unknown,cancelled"`
	Code       provider.Code  `json:"code" doc:"why it was not accepted; empty = it was, or is under way"`
	Message    string         `json:"message" doc:"the reason behind the code; digits are masked"`
	Provider   string         `json:"provider" doc:"that has it, or was asked last"`
	ProviderID string         `json:"provider_id" doc:"the vendor's id of it"`
	To         string         `json:"to" doc:"E.164; empty = erased"`
	From       string         `json:"from"`
	Text       string         `json:"text,omitempty" doc:"absent once it is erased, and for one-time codes"`
	Class      provider.Class `json:"class"`
	Tag        string         `json:"tag"`
	Country    string         `json:"country" doc:"of the recipient, ISO 3166"`
	Encoding   string         `json:"encoding" doc:"gsm7 or ucs2; empty = not known yet"`
	Segments   int            `json:"segments"`
	Cost       *Cost          `json:"cost" doc:"what the vendor says it charges, else an estimate by the rate card; null = not known"`
	CardPrice  *Money         `json:"card_price,omitempty" doc:"by the rate card when it was sent"`

	DuplicatePossible bool     `json:"duplicate_possible" doc:"the recipient may get it twice"`
	Ignored           []string `json:"ignored,omitempty" doc:"what the accepting provider could not honour"`

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	Attempts []Attempt `json:"attempts,omitempty"`
	Events   []Event   `json:"events,omitempty"`
}

// Cost is the price of a message.
type Cost struct {
	Amount    string `json:"amount" example:"0.0450"`
	Currency  string `json:"currency" example:"EUR"`
	Estimated bool   `json:"estimated,omitempty" doc:"by our rate card; else what the vendor says"`
}

// Money is an exact amount.
type Money struct {
	Amount   string `json:"amount" example:"0.0450"`
	Currency string `json:"currency" example:"EUR"`
}

func newMoney(m *provider.Money) *Money {
	if m == nil {
		return nil
	}
	return &Money{m.Amount(), m.Currency}
}

// Attempt is one try at one provider.
type Attempt struct {
	ID           string           `json:"id"`
	Provider     string           `json:"provider"`
	Outcome      provider.Outcome `json:"outcome" doc:"what the attempt itself found out: accepted, refused, not_sent, unknown; empty = it is under way"`
	Settled      provider.Outcome `json:"settled" doc:"the outcome once reports are counted in"`
	Contradicted bool             `json:"contradicted,omitempty" doc:"the vendor reported on it although it was proven not sent"`
	Code         provider.Code    `json:"code"`
	VendorCode   string           `json:"vendor_code"`
	Message      string           `json:"message"`
	ProviderID   string           `json:"provider_id"`
	StartedAt    time.Time        `json:"started_at"`
	DurationMS   float64          `json:"duration_ms"`
	Reconciled   bool             `json:"reconciled,omitempty" doc:"the outcome comes from asking the vendor afterwards"`
	Charged      *Money           `json:"charged,omitempty" doc:"what the vendor says it charges"`
	CardPrice    *Money           `json:"card_price,omitempty" doc:"by the rate card"`
}

// Event is what a vendor told: a report on a message, or a message from a person.
type Event struct {
	Seq          int64              `json:"seq"`
	Kind         provider.EventKind `json:"kind"`
	Provider     string             `json:"provider"`
	ProviderID   string             `json:"provider_id"`
	MessageID    string             `json:"message_id"`
	Attempt      string             `json:"attempt"`
	Status       provider.Status    `json:"status,omitempty"`
	Final        bool               `json:"final,omitempty"`
	Segment      int                `json:"segment,omitempty"`
	Segments     int                `json:"segments,omitempty"`
	Code         provider.Code      `json:"code,omitempty"`
	VendorStatus string             `json:"vendor_status,omitempty"`
	VendorCode   string             `json:"vendor_code,omitempty"`
	From         string             `json:"from,omitempty"`
	To           string             `json:"to,omitempty"`
	Text         string             `json:"text,omitempty"`
	Cost         *Money             `json:"cost,omitempty" doc:"what the vendor says it charges"`
	At           *time.Time         `json:"at" doc:"by the vendor's clock; null = it does not say"`
	ReceivedAt   time.Time          `json:"received_at"`
}

// Page is a page of messages.
type Page struct {
	Items []Message `json:"items" nullable:"false"`
	Next  string    `json:"next" doc:"the cursor of the next page; empty = there is none"`
	// SearchedTo is set if the search ended before the page was full.
	SearchedTo *time.Time `json:"searched_to,omitempty" doc:"how far back the search has looked, if it ended before the page was full; next goes on from there"`
}

// NewMessage is a message as the API shows it, with attempts and events if it has them.
func NewMessage(m *ledger.Message) Message {
	out := listed(m)
	if m.Class != provider.OTP {
		out.Text = m.Text
	}
	for i := range m.Attempts {
		out.Attempts = append(out.Attempts, newAttempt(&m.Attempts[i]))
	}
	for i := range m.Events {
		out.Events = append(out.Events, NewEvent(&m.Events[i]))
	}
	return out
}

// listed is a message as lists show it.
func listed(m *ledger.Message) Message {
	out := Message{
		ID: m.ID, Ref: m.Ref, Status: m.Status, Code: m.Code, Message: m.Reason, Provider: m.Provider, ProviderID: m.ProviderID,
		To: m.To, From: m.From, Class: m.Class, Tag: m.Tag, Country: m.Country, Encoding: m.Encoding, Segments: m.Segments,
		DuplicatePossible: m.DuplicatePossible, Ignored: m.Ignored, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}
	if m.Cost != nil {
		out.Cost = &Cost{m.Cost.Amount(), m.Cost.Currency, m.Cost.Estimated}
	}
	out.CardPrice = newMoney(m.CardPrice)
	return out
}

func newAttempt(a *ledger.Attempt) Attempt {
	return Attempt{
		a.ID, a.Provider, a.Outcome, a.Settled, a.Contradicted, a.Code, a.VendorCode, a.Reason, a.ProviderID, a.StartedAt,
		float64(a.Duration.Microseconds()) / 1000, a.Reconciled, newMoney(a.Charged), newMoney(a.CardPrice),
	}
}

// NewEvent is an event as the API shows it.
func NewEvent(e *ledger.Event) Event {
	out := Event{
		Seq: e.Seq, Kind: e.Kind, Provider: e.Provider, ProviderID: e.ID, MessageID: e.Message, Attempt: e.Attempt,
		Status: e.Status, Final: e.Final, Code: e.Code, VendorStatus: e.VendorStatus, VendorCode: e.VendorCode,
		From: e.From, To: e.To, Text: e.Text, Cost: newMoney(e.Cost), ReceivedAt: e.ReceivedAt,
	}
	if e.Segment != nil {
		out.Segment, out.Segments, out.Status = e.Segment.Number, e.Segment.Of, e.Segment.Status
	}
	if !e.At.IsZero() {
		out.At = &e.At
	}
	return out
}
