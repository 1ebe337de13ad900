package toproto

import (
	"context"
	"errors"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// Error is nil for nil. The first provider.Error or provider.Code in an error's
// chain gives the code; an error without one stays without.
func Error(err error) *driverv1.Error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*provider.Error](err)
	if !ok {
		return &driverv1.Error{Code: unclassified(err), Message: Text(err.Error()), Causes: causes(err)}
	}
	return &driverv1.Error{
		Code:          Code(e.Code),
		VendorCode:    Text(e.VendorCode),
		VendorMessage: Text(e.VendorMessage),
		RetryAfter:    Duration(e.RetryAfter),
		Id:            Text(e.ID),
		Message:       text(e.Err),
		Causes:        causes(err),
	}
}

// unclassified finds the code of an error that is not a provider.Error. An
// unknown error is left to the host, which reads it as Indeterminate.
func unclassified(err error) driverv1.Code {
	if c, ok := errors.AsType[provider.Code](err); ok {
		return Code(c)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return driverv1.Code_CODE_UNSUPPORTED
	}
	return driverv1.Code_CODE_UNSPECIFIED
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return Text(err.Error())
}

func causes(err error) []driverv1.Cause {
	var found []driverv1.Cause
	for _, known := range []struct {
		err   error
		cause driverv1.Cause
	}{
		{context.Canceled, driverv1.Cause_CAUSE_CANCELLED},
		{context.DeadlineExceeded, driverv1.Cause_CAUSE_DEADLINE_EXCEEDED},
		{httpcall.ErrTimeout, driverv1.Cause_CAUSE_TIMEOUT},
		{provider.ErrBadSignature, driverv1.Cause_CAUSE_BAD_SIGNATURE},
	} {
		if errors.Is(err, known.err) {
			found = append(found, known.cause)
		}
	}
	return found
}
