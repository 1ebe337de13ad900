package provider

import (
	"context"
	"strings"
	"time"
)

// Provider is one configured account at one vendor.
type Provider interface {
	// Send makes one attempt to hand m to the vendor. It returns either a
	// receipt, which means that the vendor accepted the message, or an error
	// with a [Code], which [CodeOf] returns and whose [Code.Outcome] says what
	// is known of the message. If the context ends during the attempt, the
	// outcome is usually unknown ([Indeterminate]). Message.Deadline is checked
	// by the caller. Send is safe for concurrent use and neither keeps nor
	// changes m.
	Send(ctx context.Context, m *Message) (*Receipt, error)

	// Capabilities says what this account can do. The result never changes and
	// needs no I/O.
	Capabilities() Capabilities
}

// BatchSender hands several messages over in one request ([HasBatch]).
type BatchSender interface {
	// SendBatch returns one verdict per message, in the same order, always.
	// Call [SendBatch], which splits at Capabilities.MaxBatch and by
	// Capabilities.BatchRules, so that each call is one request.
	SendBatch(ctx context.Context, ms []*Message) []Verdict
}

// StatusReader asks the vendor for the status of an accepted message
// ([HasStatus]).
type StatusReader interface {
	// Status takes a [Receipt].ID. An id the vendor does not know is an [Error]
	// with code [Rejected].
	Status(ctx context.Context, id string) (*Event, error)
}

// Finder looks for a message whose outcome is unknown ([HasFind]).
type Finder interface {
	// Find searches by m.Ref exactly, among messages sent since the given time.
	// A nil Receipt with a nil error means that the vendor does not list it now,
	// which is proof of absence only after Capabilities.FindSettles.
	Find(ctx context.Context, m *Message, since time.Time) (*Receipt, error)
}

// Canceller withdraws a scheduled message ([HasCancel]).
type Canceller interface {
	// Cancel takes a [Receipt].ID. A nil error means that the message will not
	// be sent.
	Cancel(ctx context.Context, id string) error
}

// BalanceReader reads the account's balance ([HasBalance]).
type BalanceReader interface {
	Balance(ctx context.Context) (*Balance, error)
}

// Quoter asks the vendor for the price of a message without sending it
// ([HasQuote]).
type Quoter interface {
	Quote(ctx context.Context, m *Message) (*Quote, error)
}

// Verifier lets the vendor create, send and check one-time codes ([HasVerify]).
type Verifier interface {
	// StartVerification sends a code. The receipt's ID is the ref that CheckVerification takes.
	StartVerification(ctx context.Context, r *VerificationRequest) (*Receipt, error)
	// CheckVerification checks what the user typed. A wrong code is a result,
	// not an error.
	CheckVerification(ctx context.Context, ref, code string) (VerificationResult, error)
}

// CallbackParser reads the vendor's delivery reports and inbound messages
// ([HasCallbacks]).
type CallbackParser interface {
	// ParseCallback is pure: it looks only at c, has no clock and no memory,
	// and makes no request. It returns an event for each item of a batch: an item
	// that it cannot read is an [UnreadableItem] beside the others. A callback of
	// which nothing can be read is an error, never an empty list. A vendor status
	// that is not in its table yields an event with [StatusUnknown] and the vendor's
	// word. A forged callback is an error that wraps [ErrBadSignature].
	ParseCallback(ctx context.Context, c *Callback) ([]Event, error)
}

// CallbackRequester is a provider that tells its vendor with each message where to report
// on it. Its method may be called at any time.
type CallbackRequester interface {
	// SetCallbackURL sets the https URL for the messages from now on, with whatever
	// secret is in it, unless the provider's own setting callback_url says where. It
	// returns an error that wraps errors.ErrUnsupported if the vendor does not take one,
	// and a [*ConfigError] if a setting is missing without which anybody could send
	// reports.
	SetCallbackURL(url string) error
}

// InboxReader polls for messages that people sent ([HasInbox]).
type InboxReader interface {
	// Inbox returns the events after cursor ("" = from the start) and the
	// cursor for the next call.
	Inbox(ctx context.Context, cursor string) (events []Event, next string, err error)
}

// EventSource listens to a vendor that pushes events over a connection
// ([HasEvents]).
type EventSource interface {
	// Listen hands what the vendor reports to handle until ctx ends, which is
	// the only end with a nil error; lost connections are made again meanwhile.
	// Another error means that listening is impossible, for wrong credentials
	// for example; the caller may try again later.
	//
	// handle may be called by several goroutines at once, with events in the
	// order in which one connection brought them. It returns nil once it has
	// recorded all of them; only then are they acknowledged to the vendor. If it
	// returns an error, they are refused, so that the vendor repeats them. So
	// handle may see an event more than once.
	//
	// One call at a time may listen; a second one is an error.
	Listen(ctx context.Context, handle func(context.Context, []Event) error) error
}

// Checker tests credentials and reachability ([HasCheck]). It sends no message
// and costs nothing.
type Checker interface {
	Check(ctx context.Context) error
}

// Verdict is what Send would return for one message of a batch.
type Verdict struct {
	Receipt *Receipt // nil if and only if there is an error
	Err     error    // with a [Code]; nil = accepted
}

// Checked returns v if it keeps the contract of [Provider].Send. A driver that
// returned neither a receipt nor an error, or both, or a receipt whose ID is
// nothing but blanks, has not said what happened to the message: the verdict is
// then [Indeterminate].
func (v Verdict) Checked() Verdict {
	switch {
	case v.Receipt == nil && v.Err == nil:
		return Verdict{Err: NewError(Indeterminate, "the driver returned neither a receipt nor an error")}
	case v.Receipt != nil && v.Err != nil:
		return Verdict{Err: NewError(Indeterminate, "the driver returned both a receipt and an error")}
	case v.Receipt != nil && v.Receipt.ID != "" && strings.TrimSpace(v.Receipt.ID) == "":
		return Verdict{Err: NewError(Indeterminate, "the driver returned a receipt whose id is blank")}
	}
	return v
}

// Balance is the balance of an account.
type Balance struct {
	// Available can be spent.
	Available Money
	// Reserved is held by the vendor for messages in progress, if it says so.
	Reserved *Money
	// Bundles are prepaid bundles, if the vendor has them.
	Bundles []Bundle
}

// Bundle is a prepaid bundle of messages.
type Bundle struct {
	Name      string
	Available Money
	Total     Money
	Ends      time.Time // zero = the vendor does not say
}

// Quote is a vendor's price for a message.
type Quote struct {
	Segments int    // 0 = the vendor did not say
	Encoding string // the vendor's word, "" = it did not say
	Cost     *Money // nil = the vendor did not say
}
