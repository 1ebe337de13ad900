package router

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/redact"
)

// What ends an attempt: the provider's whole timeout, or the share of a shorter
// deadline.
var (
	errTimeout = errors.New("no response within the provider's timeout")
	errShare   = errors.New("no response within this provider's share of the deadline")
)

// call hands the driver a copy of the message: what a driver does to it reaches neither
// the caller nor the next provider. A driver that panics leaves doubt.
func call(ctx context.Context, p provider.Provider, m *provider.Message) (r *provider.Receipt, err error) {
	defer func() {
		if v := recover(); v != nil {
			r, err = nil, panicked(v)
		}
		err = redact.Message(err, m) // a driver of somebody else may repeat it
	}()
	return proven(p.Send(ctx, m.Clone()))
}

// callBatch hands messages to the driver. A driver that panics leaves doubt about
// all of them.
func callBatch(ctx context.Context, p provider.Provider, ms []*provider.Message) (verdicts []provider.Verdict) {
	defer func() {
		if v := recover(); v != nil {
			verdicts = make([]provider.Verdict, len(ms))
			for i := range verdicts {
				verdicts[i].Err = panicked(v)
			}
		}
		discreet(verdicts, ms)
	}()
	copies := make([]*provider.Message, len(ms))
	for i, m := range ms {
		copies[i] = m.Clone()
	}
	verdicts = provider.SendBatch(ctx, p, copies)
	for i := range verdicts {
		verdicts[i].Receipt, verdicts[i].Err = proven(verdicts[i].Receipt, verdicts[i].Err)
	}
	return verdicts
}

// proven is what a driver's return values prove: those that break the contract
// leave doubt.
func proven(r *provider.Receipt, err error) (*provider.Receipt, error) {
	if err == nil {
		v := provider.Verdict{Receipt: r}.Checked()
		return v.Receipt, v.Err
	}
	e, ok := errors.AsType[*provider.Error](err)
	switch {
	case ok && e == nil:
		return nil, provider.NewError(provider.Indeterminate, "the driver's error is a nil pointer")
	case provider.CodeOf(err) == "":
		return nil, &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("the driver's error has no code: %w", err)}
	case r != nil && provider.OutcomeOf(err) != provider.OutcomeUnknown:
		return nil, &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("the driver returned both a receipt and an error: %s", err.Error())}
	}
	return nil, err
}

// discreet takes out of the errors what they repeat of the messages.
func discreet(verdicts []provider.Verdict, ms []*provider.Message) {
	echo := sync.OnceValue(func() *redact.Echo { return redact.NewEcho(redact.Private(ms...)...) })
	for i, v := range verdicts {
		if v.Err != nil {
			verdicts[i].Err = redact.Error(v.Err, echo().Hide)
		}
	}
}

// panicked shows a fault of the Go runtime; any other value may hold the text.
func panicked(v any) error {
	if fault, ok := v.(runtime.Error); ok {
		return &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("the driver panicked: %w", fault)}
	}
	return &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("the driver panicked with a value of type %T", v)}
}
