package fromproto

import (
	"context"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// Error is nil for nil. An error without a code stays one: provider.CodeOf
// returns Indeterminate for it.
func Error(e *driverv1.Error) error {
	if e == nil {
		return nil
	}
	cause := causeOf(e)
	if e.GetCode() == driverv1.Code_CODE_UNSPECIFIED && e.GetVendorCode() == "" && e.GetVendorMessage() == "" {
		return cause
	}
	failure := &provider.Error{
		Code:          code(e.GetCode()),
		VendorCode:    e.GetVendorCode(),
		VendorMessage: e.GetVendorMessage(),
		RetryAfter:    Duration(e.GetRetryAfter()),
		ID:            e.GetId(),
	}
	if failure.Code == "" {
		failure.Code = provider.Indeterminate
	}
	if e.GetMessage() != "" || len(e.GetCauses()) > 0 {
		failure.Err = cause
	}
	return failure
}

// remote is an error of the plugin's side: its text, and the causes that
// errors.Is finds.
type remote struct {
	text   string
	causes []error
}

func (r *remote) Error() string   { return r.text }
func (r *remote) Unwrap() []error { return r.causes }

func causeOf(e *driverv1.Error) *remote {
	r := &remote{text: e.GetMessage()}
	for _, c := range e.GetCauses() {
		switch c {
		case driverv1.Cause_CAUSE_CANCELLED:
			r.causes = append(r.causes, context.Canceled)
		case driverv1.Cause_CAUSE_DEADLINE_EXCEEDED:
			r.causes = append(r.causes, context.DeadlineExceeded)
		case driverv1.Cause_CAUSE_TIMEOUT:
			r.causes = append(r.causes, httpcall.ErrTimeout)
		case driverv1.Cause_CAUSE_BAD_SIGNATURE:
			r.causes = append(r.causes, provider.ErrBadSignature)
		}
	}
	if r.text == "" {
		r.text = "the plugin gave no reason"
	}
	return r
}
