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

// ReadStatus calls [StatusReader].
func ReadStatus(ctx context.Context, p Provider, id string) (*Event, error) {
	r, ok := supports[StatusReader](p, HasStatus)
	if !ok {
		return nil, unsupported("status")
	}
	return given(r.Status(ctx, id))
}

// Find calls [Finder]. A receipt of nil without an error means: not there now.
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

// Cancel calls [Canceller].
func Cancel(ctx context.Context, p Provider, id string) error {
	c, ok := supports[Canceller](p, HasCancel)
	if !ok {
		return unsupported("cancel")
	}
	return c.Cancel(ctx, id)
}

// ReadBalance calls [BalanceReader].
func ReadBalance(ctx context.Context, p Provider) (*Balance, error) {
	b, ok := supports[BalanceReader](p, HasBalance)
	if !ok {
		return nil, unsupported("balance")
	}
	return given(b.Balance(ctx))
}

// AskQuote calls [Quoter].
func AskQuote(ctx context.Context, p Provider, m *Message) (*Quote, error) {
	q, ok := supports[Quoter](p, HasQuote)
	if !ok {
		return nil, unsupported("quote")
	}
	return given(q.Quote(ctx, m))
}

// StartVerification calls [Verifier].
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

// CheckVerification calls [Verifier].
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

// ParseCallback calls [CallbackParser].
func ParseCallback(ctx context.Context, p Provider, c *Callback) ([]Event, error) {
	r, ok := supports[CallbackParser](p, HasCallbacks)
	if !ok {
		return nil, unsupported("callbacks")
	}
	return r.ParseCallback(ctx, c)
}

// ReadInbox calls [InboxReader].
func ReadInbox(ctx context.Context, p Provider, cursor string) (events []Event, next string, err error) {
	r, ok := supports[InboxReader](p, HasInbox)
	if !ok {
		return nil, "", unsupported("inbox")
	}
	return r.Inbox(ctx, cursor)
}

// Listen calls [EventSource].
func Listen(ctx context.Context, p Provider, handle func(context.Context, []Event) error) error {
	s, ok := supports[EventSource](p, HasEvents)
	if !ok {
		return unsupported("events")
	}
	return s.Listen(ctx, handle)
}

// Check calls [Checker].
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
