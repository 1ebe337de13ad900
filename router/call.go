package router

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/anysms/anysms/provider"
)

// What ends an attempt: the provider's whole timeout, or the share of a shorter
// deadline.
var (
	errTimeout = errors.New("no response within the provider's timeout")
	errShare   = errors.New("no response within this provider's share of the deadline")
)

// call hands the message to the driver. A driver that panics leaves doubt.
func call(ctx context.Context, p provider.Provider, m *provider.Message) (r *provider.Receipt, err error) {
	defer func() {
		if v := recover(); v != nil {
			r, err = nil, panicked(v)
		}
	}()
	return proven(p.Send(ctx, m))
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
	}()
	verdicts = provider.SendBatch(ctx, p, ms)
	for i := range verdicts {
		verdicts[i].Receipt, verdicts[i].Err = proven(verdicts[i].Receipt, verdicts[i].Err)
	}
	return verdicts
}

// proven is what a driver's return values prove: those that break the contract
// leave doubt.
func proven(r *provider.Receipt, err error) (*provider.Receipt, error) {
	if err == nil {
		if r == nil {
			r = &provider.Receipt{}
		}
		return r, nil
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

// panicked shows a fault of the Go runtime; any other value may hold the text.
func panicked(v any) error {
	if fault, ok := v.(runtime.Error); ok {
		return &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("the driver panicked: %w", fault)}
	}
	return &provider.Error{Code: provider.Indeterminate, Err: fmt.Errorf("the driver panicked with a value of type %T", v)}
}
