package router

import (
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// Result is what is known of a message after Send: one status and the whole
// trail that led to it. String, LogValue and %+v do not show the number.
type Result struct {
	Ref  string `json:"ref"`
	Line int    `json:"line,omitempty"` // of the file the message came from; set by whoever read it
	// Index is the message's place in the sequence given to SendAll, from 0.
	Index int `json:"-"`

	Status   provider.Outcome `json:"status"`
	Code     provider.Code    `json:"code"`     // of the attempt that decided, or of the refusal before any; "" = accepted
	Message  string           `json:"message"`  // the words that go with Code; digits are masked
	Provider string           `json:"provider"` // whose attempt decided; "" = no attempt was made
	ID       string           `json:"id"`       // the accepting provider's Receipt.ID

	To       e164.Number `json:"to"`
	Encoding string      `json:"encoding"` // gsm7 or ucs2; "" = the text was refused unread
	Segments int         `json:"segments"` // the vendor's count if it gave one, else ours
	Cost     *Cost       `json:"cost"`     // nil = not known

	// DuplicatePossible says that an attempt with unknown outcome was followed
	// by another one, or settled because the vendor did not list the message.
	DuplicatePossible bool `json:"duplicate_possible"`
	// Transliterated says that the text was rewritten to fit GSM-7.
	Transliterated bool `json:"transliterated,omitempty"`
	// Replayed says that the result is an earlier one of the same message.
	Replayed bool `json:"replayed,omitempty"`

	Ignored  []string  `json:"ignored"` // fields of the message that the accepting provider cannot honour
	Skipped  []Skip    `json:"skipped"`
	Attempts []Attempt `json:"attempts"`
}

// Skip is a provider that was passed over, and why.
type Skip struct {
	Provider string `json:"provider"`
	Reason   string `json:"reason"`
}

// Attempt is one try at one provider.
type Attempt struct {
	Provider   string
	Outcome    provider.Outcome
	Code       provider.Code // "" = accepted
	VendorCode string
	Message    string // digits are masked
	StartedAt  time.Time
	Duration   time.Duration
	// Reconciled says that the vendor was asked afterwards what became of the
	// message, and that Outcome is its answer.
	Reconciled bool
	// Earlier says that the attempt was made by an earlier send of the message.
	Earlier bool
}

// describe is what an error says beside its code, with digits masked.
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

type attemptJSON struct {
	Provider   string           `json:"provider"`
	Outcome    provider.Outcome `json:"outcome"`
	Code       provider.Code    `json:"code"`
	VendorCode string           `json:"vendor_code"`
	Message    string           `json:"message"`
	StartedAt  time.Time        `json:"started_at"`
	DurationMS float64          `json:"duration_ms"`
	Reconciled bool             `json:"reconciled,omitempty"`
	Earlier    bool             `json:"earlier,omitempty"`
}

// MarshalJSON writes the duration as duration_ms.
func (a Attempt) MarshalJSON() ([]byte, error) {
	return json.Marshal(attemptJSON{
		a.Provider, a.Outcome, a.Code, a.VendorCode, a.Message, a.StartedAt,
		float64(a.Duration.Microseconds()) / 1000, a.Reconciled, a.Earlier,
	})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (a *Attempt) UnmarshalJSON(b []byte) error {
	var v attemptJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*a = Attempt{
		v.Provider, v.Outcome, v.Code, v.VendorCode, v.Message, v.StartedAt,
		time.Duration(v.DurationMS * float64(time.Millisecond)), v.Reconciled, v.Earlier,
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

// String names the result without the number.
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

// GoString is as discreet as String.
func (r Result) GoString() string { return r.String() }

// LogValue is as discreet as String.
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
	return &Error{Status: r.Status, Code: r.Code, Provider: r.Provider, message: r.Message, cause: cause}
}

// ErrNoRoute says that no route of the configuration takes the message. A vendor
// that cannot reach the recipient has the same code, [provider.NoRoute], but is
// not this error.
var ErrNoRoute = errors.New("no route takes this message")

// Error says why a message was not accepted. errors.Is finds its Code, and the
// cause where the attempt that decided had one, such as context.Canceled.
type Error struct {
	Status   provider.Outcome
	Code     provider.Code
	Provider string // "" = no attempt was made

	message string
	cause   error
}

// Error is the status, the provider and the reason, with digits masked.
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

// Unwrap gives the deciding attempt's error.
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
