package ledger

import (
	"encoding/json"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// Message is what the ledger knows of a message.
//
// String, LogValue and %+v show neither number nor text.
type Message struct {
	ID        string // msg_ and a UUID, which begins with the time
	Namespace string // that Ref is unique in
	Ref       string
	Status    Status
	Code      provider.Code // why it was not accepted; "" = it was, or is under way
	Reason    string        // the reason behind Code; digits are masked

	To      string // E.164; "" = erased
	From    string
	Text    string // "" = erased, or of class otp, whose texts are not kept
	Class   provider.Class
	Tag     string
	Country string // of To

	Provider   string // that has it, or was asked last; "" = none
	ProviderID string // Receipt.ID
	Encoding   string
	Segments   int
	// Cost is what the vendor has said that it charges, in its receipt or a report, else an
	// estimate by the rate card. CardPrice is the price by the rate card when the message
	// was sent. nil = not known.
	Cost      *router.Cost
	CardPrice *provider.Money

	DuplicatePossible bool
	Ignored           []string

	CreatedAt, UpdatedAt time.Time

	Attempts []Attempt // nil in lists
	Events   []Event   // nil in lists

	concluded   provider.Outcome
	cancelled   bool
	lastAttempt time.Time
}

// Attempt is one attempt at one provider.
type Attempt struct {
	ID       string // as in [provider.Message].Attempt
	Provider string
	// Outcome is the result of the send itself; "" = in progress.
	Outcome provider.Outcome
	// Settled is Outcome with delivery reports taken into account: an attempt that the
	// vendor has reported on is accepted.
	Settled provider.Outcome
	// Contradicted reports that the vendor has reported on an attempt that was
	// proven not to have reached it.
	Contradicted bool
	Code         provider.Code
	VendorCode   string
	Reason       string // digits are masked
	ProviderID   string // Receipt.ID; "" = not known
	StartedAt    time.Time
	Duration     time.Duration
	Reconciled   bool // Outcome comes from asking the vendor afterwards
	// Charged is what the vendor has said that it charges: in its latest report with a
	// price, else in its receipt; nil = it said nothing.
	Charged   *provider.Money
	CardPrice *provider.Money // as in [router.Attempt]

	message, owner, run string
	abandoned           bool // its run ended before it did
	standing            standing
}

// Event is a vendor's event as the ledger stores it.
//
// String, LogValue and %+v show neither number nor text.
type Event struct {
	Seq        int64 // grows with each event that is recorded
	Provider   string
	Message    string // the message that it is about; "" = none is known
	Attempt    string // the attempt that it is about; "" = none is known
	ReceivedAt time.Time
	provider.Event

	key string
}

type messageJSON struct {
	ID                string          `json:"id"`
	Ref               string          `json:"ref"`
	Status            Status          `json:"status"`
	Code              provider.Code   `json:"code"`
	Message           string          `json:"message"`
	Provider          string          `json:"provider"`
	ProviderID        string          `json:"provider_id"`
	To                string          `json:"to"`
	From              string          `json:"from"`
	Text              string          `json:"text,omitempty"`
	Class             provider.Class  `json:"class"`
	Tag               string          `json:"tag"`
	Country           string          `json:"country"`
	Encoding          string          `json:"encoding"`
	Segments          int             `json:"segments"`
	Cost              *router.Cost    `json:"cost"`
	CardPrice         *provider.Money `json:"card_price,omitempty"`
	DuplicatePossible bool            `json:"duplicate_possible"`
	Ignored           []string        `json:"ignored,omitempty"`
	CreatedAt         time.Time       `json:"created_at"`
	UpdatedAt         time.Time       `json:"updated_at"`
	Attempts          []Attempt       `json:"attempts,omitempty"`
	Events            []Event         `json:"events,omitempty"`
}

// MarshalJSON writes snake_case names. The text of a message of class otp is left out.
func (m Message) MarshalJSON() ([]byte, error) {
	j := messageJSON{
		m.ID, m.Ref, m.Status, m.Code, m.Reason, m.Provider, m.ProviderID, m.To, m.From, m.Text, m.Class, m.Tag, m.Country,
		m.Encoding, m.Segments, m.Cost, m.CardPrice, m.DuplicatePossible, m.Ignored, m.CreatedAt, m.UpdatedAt, m.Attempts, m.Events,
	}
	if m.Class == provider.OTP {
		j.Text = ""
	}
	return json.Marshal(j)
}

type attemptJSON struct {
	ID           string           `json:"id"`
	Provider     string           `json:"provider"`
	Outcome      provider.Outcome `json:"outcome"`
	Settled      provider.Outcome `json:"settled"`
	Contradicted bool             `json:"contradicted,omitempty"`
	Code         provider.Code    `json:"code"`
	VendorCode   string           `json:"vendor_code"`
	Message      string           `json:"message"`
	ProviderID   string           `json:"provider_id"`
	StartedAt    time.Time        `json:"started_at"`
	DurationMS   float64          `json:"duration_ms"`
	Reconciled   bool             `json:"reconciled,omitempty"`
	Charged      *provider.Money  `json:"charged,omitempty"`
	CardPrice    *provider.Money  `json:"card_price,omitempty"`
}

// MarshalJSON writes the duration as duration_ms.
func (a Attempt) MarshalJSON() ([]byte, error) {
	return json.Marshal(attemptJSON{
		a.ID, a.Provider, a.Outcome, a.Settled, a.Contradicted, a.Code, a.VendorCode, a.Reason, a.ProviderID,
		a.StartedAt, float64(a.Duration.Microseconds()) / 1000, a.Reconciled, a.Charged, a.CardPrice,
	})
}

type eventJSON struct {
	Seq          int64              `json:"seq"`
	Kind         provider.EventKind `json:"kind"`
	Provider     string             `json:"provider"`
	ProviderID   string             `json:"provider_id"`
	Message      string             `json:"message_id"`
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
	Cost         *provider.Money    `json:"cost,omitempty"`
	At           *time.Time         `json:"at"`
	ReceivedAt   time.Time          `json:"received_at"`
}

// MarshalJSON writes snake_case names.
func (e Event) MarshalJSON() ([]byte, error) {
	j := eventJSON{
		Seq: e.Seq, Kind: e.Kind, Provider: e.Provider, ProviderID: e.ID, Message: e.Message, Attempt: e.Attempt,
		Status: e.Status, Final: e.Final, Code: e.Code, VendorStatus: e.VendorStatus, VendorCode: e.VendorCode,
		From: e.From, To: e.To, Text: e.Text, Cost: e.Cost, ReceivedAt: e.ReceivedAt,
	}
	if e.Segment != nil {
		j.Segment, j.Segments = e.Segment.Number, e.Segment.Of
		j.Status = e.Segment.Status
	}
	if !e.At.IsZero() {
		j.At = &e.At
	}
	return json.Marshal(j)
}
