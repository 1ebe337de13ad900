package router

import (
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// Result is what is known of a message after Send: one status and the attempts
// that led to it. String, LogValue and %+v do not show the number.
type Result struct {
	Ref string `json:"ref"`
	// Key is the message's key in the journal. It is the Ref if there is one; "" =
	// there is neither.
	Key string `json:"key"`
	// Index is the message's place in the sequence given to SendAll, from 0.
	Index int `json:"-"`

	Status   provider.Outcome `json:"status"`
	Code     provider.Code    `json:"code"`     // of the deciding attempt, or of the refusal before any; "" = accepted
	Message  string           `json:"message"`  // the reason behind Code; digits are masked
	Provider string           `json:"provider"` // of the deciding attempt; "" = no attempt was made
	ID       string           `json:"id"`       // the accepting provider's Receipt.ID

	To       e164.Number `json:"to"`
	Encoding string      `json:"encoding"` // gsm7 or ucs2; "" = the text could not be read
	Segments int         `json:"segments"` // the vendor's count if it returned one, else ours
	// Cost is what the vendor says it charges, else an estimate by the rate card; nil =
	// neither is known. CardPrice is the price by the rate card in both cases; nil = it
	// has none for the message. Both are for the whole message.
	Cost      *Cost           `json:"cost"`
	CardPrice *provider.Money `json:"card_price,omitempty"`

	// Deferred is set if a guard wants the message sent later, or if [Router.Try] found
	// no provider that can take it now, which its attempts may have shown. With an unknown
	// outcome Router.Try says when the vendor is to be asked again about the message.
	Deferred *Deferred `json:"deferred,omitempty"`

	// DuplicatePossible reports that an attempt with an unknown outcome was
	// followed by another one, that the vendor did not list the message when it
	// was asked about such an attempt, or that the store has lost its data.
	DuplicatePossible bool `json:"duplicate_possible"`
	// Transliterated reports that the text was rewritten to fit GSM-7.
	Transliterated bool `json:"transliterated,omitempty"`
	// Replayed reports that the result is an earlier one of the same message:
	// nothing was sent now.
	Replayed bool `json:"replayed,omitempty"`

	Ignored  []string  `json:"ignored"` // fields of the message that the accepting provider cannot honour
	Skipped  []Skip    `json:"skipped"`
	Attempts []Attempt `json:"attempts"`
}

// perhapsSent reports whether a vendor has the message, or may have it.
func perhapsSent(r *Result) bool {
	return r.Status == provider.OutcomeAccepted || r.Status == provider.OutcomeUnknown
}

// Skip is a provider that was not tried, and why.
type Skip struct {
	Provider string `json:"provider"`
	Reason   string `json:"reason"`
}

// Attempt is one attempt at one provider.
type Attempt struct {
	ID         string // as in Message.Attempt; "" = nobody records attempts by id
	Provider   string
	Outcome    provider.Outcome
	Code       provider.Code // "" = accepted
	VendorCode string
	Message    string // digits are masked
	ReceiptID  string // what the vendor calls a message in doubt, as in [provider.Error]
	StartedAt  time.Time
	Duration   time.Duration
	// Reconciled reports that Outcome comes from asking the vendor afterwards.
	Reconciled bool
	// Earlier reports that the attempt was made by an earlier send of the message.
	Earlier bool
	// Charged is what the vendor says it charges for the message; nil = it did not say.
	Charged *provider.Money
	// CardPrice is the price by the rate card, of an attempt that was accepted or may
	// have been; nil = the rate card has none.
	CardPrice *provider.Money
}

// describe returns what an error says besides its code, with digits masked.
func describe(err error) (vendorCode, message string) {
	e, ok := errors.AsType[*provider.Error](err)
	if !ok {
		return "", provider.Mask(err.Error())
	}
	message = e.VendorMessage
	if e.Err != nil {
		if message != "" {
			message += ": "
		}
		message += e.Err.Error()
	}
	return provider.Mask(e.VendorCode), provider.Mask(message)
}

// doubtfulID returns the vendor's id of a message that is in doubt, if the error has it.
func doubtfulID(err error) string {
	if e, ok := errors.AsType[*provider.Error](err); ok && e.Code.Outcome() == provider.OutcomeUnknown {
		return e.ID
	}
	return ""
}

type attemptJSON struct {
	ID         string           `json:"id,omitempty"`
	Provider   string           `json:"provider"`
	Outcome    provider.Outcome `json:"outcome"`
	Code       provider.Code    `json:"code"`
	VendorCode string           `json:"vendor_code"`
	Message    string           `json:"message"`
	StartedAt  time.Time        `json:"started_at"`
	DurationMS float64          `json:"duration_ms"`
	Reconciled bool             `json:"reconciled,omitempty"`
	Earlier    bool             `json:"earlier,omitempty"`
	Charged    *provider.Money  `json:"charged,omitempty"`
	CardPrice  *provider.Money  `json:"card_price,omitempty"`
	ReceiptID  string           `json:"receipt_id,omitempty"`
}

// MarshalJSON writes the duration as duration_ms.
func (a Attempt) MarshalJSON() ([]byte, error) {
	return json.Marshal(attemptJSON{
		a.ID, a.Provider, a.Outcome, a.Code, a.VendorCode, a.Message, a.StartedAt,
		float64(a.Duration.Microseconds()) / 1000, a.Reconciled, a.Earlier, a.Charged, a.CardPrice, a.ReceiptID,
	})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (a *Attempt) UnmarshalJSON(b []byte) error {
	var v attemptJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*a = Attempt{
		v.ID, v.Provider, v.Outcome, v.Code, v.VendorCode, v.Message, v.ReceiptID, v.StartedAt,
		time.Duration(v.DurationMS * float64(time.Millisecond)), v.Reconciled, v.Earlier, v.Charged, v.CardPrice,
	}
	return nil
}

// Cost is the price of a message.
type Cost struct {
	provider.Money
	Estimated bool // ours, from a rate card; else the vendor's own
}

type costJSON struct {
	Amount    string `json:"amount"`
	Currency  string `json:"currency"`
	Estimated bool   `json:"estimated,omitempty"`
}

// MarshalJSON writes {"amount":"0.087","currency":"AUD","estimated":true}.
func (c Cost) MarshalJSON() ([]byte, error) {
	return json.Marshal(costJSON{c.Amount(), c.Currency, c.Estimated})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Cost) UnmarshalJSON(b []byte) error {
	var v costJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	money, err := provider.ParseMoney(v.Amount, v.Currency)
	if err != nil {
		return err
	}
	*c = Cost{money, v.Estimated}
	return nil
}

// MarshalJSON writes empty lists as [], never null.
func (r Result) MarshalJSON() ([]byte, error) {
	type plain Result
	if r.Ignored == nil {
		r.Ignored = []string{}
	}
	if r.Skipped == nil {
		r.Skipped = []Skip{}
	}
	if r.Attempts == nil {
		r.Attempts = []Attempt{}
	}
	return json.Marshal(plain(r))
}

// String returns the status and how it came about, without the number.
func (r Result) String() string {
	s := "result{status: " + string(r.Status)
	if r.Code != "" {
		s += ", code: " + string(r.Code)
	}
	if r.Provider != "" {
		s += ", provider: " + r.Provider
	}
	if r.DuplicatePossible {
		s += ", duplicate possible"
	}
	return s + "}"
}

// GoString redacts like String.
func (r Result) GoString() string { return r.String() }

// LogValue redacts like String.
func (r Result) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("ref", provider.Mask(r.Ref)), slog.String("status", string(r.Status)),
		slog.String("code", string(r.Code)), slog.String("provider", r.Provider),
		slog.Int("segments", r.Segments), slog.Int("attempts", len(r.Attempts)),
		slog.Bool("duplicate_possible", r.DuplicatePossible))
}

// Err is nil if and only if the status is accepted, else an [*Error].
func (r *Result) Err() error { return r.failure(nil) }

func (r *Result) failure(cause error) error {
	if r.Status == provider.OutcomeAccepted {
		return nil
	}
	if cause == nil && r.Deferred != nil {
		cause = r.Deferred
	}
	return &Error{Status: r.Status, Code: r.Code, Provider: r.Provider, message: r.Message, cause: cause}
}

// ErrNoRoute means that no route of the configuration matches the message. It has
// the code [provider.NoRoute]; a vendor's refusal with that code is not
// ErrNoRoute.
var ErrNoRoute = errors.New("no route matches this message")

// Error says why a message was not accepted. errors.Is finds its Code, and the
// cause of the deciding attempt, such as context.Canceled.
type Error struct {
	Status   provider.Outcome
	Code     provider.Code
	Provider string // "" = no attempt was made

	message string
	cause   error
}

// Error returns the status, the provider and the reason, with digits masked.
func (e *Error) Error() string {
	s := string(e.Status)
	if e.Provider != "" {
		s += " by " + e.Provider
	}
	s += ": " + string(e.Code)
	if e.message != "" {
		s += ": " + e.message
	}
	return s
}

// Unwrap returns the error of the deciding attempt.
func (e *Error) Unwrap() error { return e.cause }

// Is matches the Code, errors.ErrUnsupported if that is Unsupported, and
// [ErrNoRoute] if no provider was asked.
func (e *Error) Is(target error) bool {
	switch target {
	case errors.ErrUnsupported:
		return e.Code == provider.Unsupported
	case ErrNoRoute:
		return e.Code == provider.NoRoute && e.Provider == ""
	}
	code, ok := target.(provider.Code)
	return ok && e.Code == code
}
