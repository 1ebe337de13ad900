package provider

import (
	"context"
	"errors"
	"io"
	"time"
)

// The functions in this file call the optional interfaces. Each returns
// errors.ErrUnsupported, without I/O, where the provider's Capabilities lack
// the bit, whether or not the Go method exists. Each looks for the method
// through wrappers ([Wrapper]). A method that returns neither a result nor an
// error is [Indeterminate], so that without an error there is always a result.

// ReadStatus asks the vendor for the status of the message with a [Receipt].ID, by
// [StatusReader]. Without [HasStatus] it returns errors.ErrUnsupported.
func ReadStatus(ctx context.Context, p Provider, id string) (*Event, error) {
	r, ok := supports[StatusReader](p, HasStatus)
	if !ok {
		return nil, unsupported("status")
	}
	return given(r.Status(ctx, id))
}

// Find asks the vendor for a message by its Ref, by [Finder]. A nil receipt without an
// error means that the vendor does not list it now. Without [HasFind] it returns
// errors.ErrUnsupported.
func Find(ctx context.Context, p Provider, m *Message, since time.Time) (*Receipt, error) {
	f, ok := supports[Finder](p, HasFind)
	if !ok {
		return nil, unsupported("find")
	}
	receipt, err := f.Find(ctx, m, since)
	if receipt == nil || err != nil {
		return nil, err
	}
	v := Verdict{Receipt: receipt}.Checked()
	return v.Receipt, v.Err
}

// Cancel withdraws the scheduled message with a [Receipt].ID, by [Canceller]. Without
// [HasCancel] it returns errors.ErrUnsupported.
func Cancel(ctx context.Context, p Provider, id string) error {
	c, ok := supports[Canceller](p, HasCancel)
	if !ok {
		return unsupported("cancel")
	}
	return c.Cancel(ctx, id)
}

// ReadBalance reads the account's balance, by [BalanceReader]. Without [HasBalance] it
// returns errors.ErrUnsupported.
func ReadBalance(ctx context.Context, p Provider) (*Balance, error) {
	b, ok := supports[BalanceReader](p, HasBalance)
	if !ok {
		return nil, unsupported("balance")
	}
	return given(b.Balance(ctx))
}

// RequestQuote asks the vendor what a message would cost, by [Quoter]; nothing is sent.
// Without [HasQuote] it returns errors.ErrUnsupported.
func RequestQuote(ctx context.Context, p Provider, m *Message) (*Quote, error) {
	q, ok := supports[Quoter](p, HasQuote)
	if !ok {
		return nil, unsupported("quote")
	}
	return given(q.Quote(ctx, m))
}

// StartVerification has the vendor create and send a one-time code, by [Verifier]. The
// receipt's ID is the ref that [CheckVerification] takes. Without [HasVerify] it returns
// errors.ErrUnsupported.
func StartVerification(ctx context.Context, p Provider, r *VerificationRequest) (*Receipt, error) {
	v, ok := supports[Verifier](p, HasVerify)
	if !ok {
		return nil, unsupported("verify")
	}
	receipt, err := v.StartVerification(ctx, r)
	if err != nil {
		return nil, err
	}
	checked := Verdict{Receipt: receipt}.Checked()
	return checked.Receipt, checked.Err
}

// CheckVerification checks the code that a user typed, by [Verifier]. A wrong code is a
// result, not an error. Without [HasVerify] it returns errors.ErrUnsupported.
func CheckVerification(ctx context.Context, p Provider, ref, code string) (VerificationResult, error) {
	v, ok := supports[Verifier](p, HasVerify)
	if !ok {
		return "", unsupported("verify")
	}
	result, err := v.CheckVerification(ctx, ref, code)
	if err == nil && result == "" {
		err = noResult()
	}
	return result, err
}

// ParseCallback reads a vendor's callback, by [CallbackParser]. The error of a callback that
// is not proven to come from the vendor wraps [ErrBadSignature]. Without [HasCallbacks] it
// returns errors.ErrUnsupported.
func ParseCallback(ctx context.Context, p Provider, c *Callback) ([]Event, error) {
	r, ok := supports[CallbackParser](p, HasCallbacks)
	if !ok {
		return nil, unsupported("callbacks")
	}
	return r.ParseCallback(ctx, c)
}

// ReadInbox reads the messages that people sent after a cursor ("" = from the start), and
// returns the cursor for the next call, by [InboxReader]. Without [HasInbox] it returns
// errors.ErrUnsupported.
func ReadInbox(ctx context.Context, p Provider, cursor string) (events []Event, next string, err error) {
	r, ok := supports[InboxReader](p, HasInbox)
	if !ok {
		return nil, "", unsupported("inbox")
	}
	return r.Inbox(ctx, cursor)
}

// Listen hands the events that a vendor pushes over a connection to handle, until ctx ends,
// by [EventSource]. Without [HasEvents] it returns errors.ErrUnsupported.
func Listen(ctx context.Context, p Provider, handle func(context.Context, []Event) error) error {
	s, ok := supports[EventSource](p, HasEvents)
	if !ok {
		return unsupported("events")
	}
	return s.Listen(ctx, handle)
}

// Check tests credentials and reachability, by [Checker]. It sends no message. Without
// [HasCheck] it returns errors.ErrUnsupported.
func Check(ctx context.Context, p Provider) error {
	c, ok := supports[Checker](p, HasCheck)
	if !ok {
		return unsupported("check")
	}
	return c.Check(ctx)
}

// Close closes p, or the first provider below it that can be closed (see
// [Wrapper]): a wrapper with a Close of its own also closes what it wraps. Close
// may be called again; sends after it are [Unavailable].
func Close(p Provider) error {
	if c, ok := As[io.Closer](p); ok {
		return c.Close()
	}
	return nil
}

func noResult() error {
	return NewError(Indeterminate, "the driver returned neither a result nor an error")
}

// given refuses a driver's silence.
func given[T any](result *T, err error) (*T, error) {
	if result == nil && err == nil {
		err = noResult()
	}
	return result, err
}

func supports[T any](p Provider, f Feature) (T, bool) {
	if !p.Capabilities().Has(f) {
		var none T
		return none, false
	}
	return As[T](p)
}

func unsupported(what string) error {
	return &Error{Code: Unsupported, VendorMessage: what + " is not available from this provider", Err: errors.ErrUnsupported}
}
