package fromproto_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/drivers/plugin/internal/toproto"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
)

// Every word of package provider has its value in the protocol, and back.
func TestWords(t *testing.T) {
	for _, code := range provider.Codes() {
		assert.Equal(t, code, provider.CodeOf(fromproto.Error(toproto.Error(&provider.Error{Code: code}))))
	}
	for _, kind := range []provider.EventKind{provider.Report, provider.Inbound, provider.Engagement} {
		for _, status := range provider.Statuses() {
			e := &provider.Event{Kind: kind, Status: status, Code: provider.OptedOut}
			got, err := fromproto.Event(toproto.Event(e))
			require.NoError(t, err)
			assert.Equal(t, [3]any{kind, status, provider.OptedOut}, [3]any{got.Kind, got.Status, got.Code})
		}
	}
	for _, verdict := range []provider.VerificationResult{provider.VerificationRight, provider.VerificationWrong, provider.VerificationExpired, provider.VerificationUsed} {
		got, ok := fromproto.VerificationResult(toproto.VerificationResult(verdict))
		assert.True(t, ok)
		assert.Equal(t, verdict, got)
	}
	caps := provider.Capabilities{
		Features: ^provider.Feature(0) >> 19, MaxSegments: 1, MaxCharacters: 2, MaxBatch: 3, FindSettles: time.Second, ReplayFor: time.Hour,
		BatchRules: []provider.BatchRule{provider.SameText, provider.DistinctTo},
	}
	require.Len(t, caps.Features.Names(), 13, "all features")
	got, streams := fromproto.Capabilities(toproto.Capabilities(caps))
	assert.True(t, streams)
	assert.Equal(t, caps, got)
}

func TestErrors(t *testing.T) {
	full := &provider.Error{
		Code: provider.RateLimited, VendorCode: "42", VendorMessage: "slow down, +306900000001", RetryAfter: 90 * time.Second,
		Err: fmt.Errorf("HTTP status 429: %w", context.DeadlineExceeded),
	}
	for name, err := range map[string]error{
		"full":          full,
		"wrapped":       fmt.Errorf("acme: %w", full),
		"bare code":     provider.OptedOut,
		"unsupported":   errors.ErrUnsupported,
		"plain":         errors.New("not classified"),
		"signature":     fmt.Errorf("acme: %w", provider.ErrBadSignature),
		"timeout":       &provider.Error{Code: provider.Indeterminate, Err: httpcall.ErrTimeout},
		"cancelled":     &provider.Error{Code: provider.Unavailable, Err: context.Canceled},
		"unheard of":    &provider.Error{Code: "news"},
		"odd bytes":     &provider.Error{Code: provider.Rejected, VendorMessage: "a\xffb"},
		"without cause": &provider.Error{Code: provider.NoRoute},
	} {
		got := fromproto.Error(toproto.Error(err))
		assert.Equal(t, provider.OutcomeOf(err), provider.OutcomeOf(got), name)
		for _, cause := range []error{context.Canceled, context.DeadlineExceeded, httpcall.ErrTimeout, provider.ErrBadSignature, errors.ErrUnsupported} {
			assert.Equal(t, errors.Is(err, cause), errors.Is(got, cause), "%s: %v", name, cause)
		}
	}
	assert.EqualError(t, fromproto.Error(toproto.Error(full)), full.Error())
	var got *provider.Error
	require.ErrorAs(t, fromproto.Error(toproto.Error(full)), &got)
	assert.Equal(t, [3]any{full.VendorCode, full.VendorMessage, full.RetryAfter}, [3]any{got.VendorCode, got.VendorMessage, got.RetryAfter})
	assert.NoError(t, fromproto.Error(nil))
}

// Whatever a plugin returns becomes something that package provider allows.
func TestInvalidMessages(t *testing.T) {
	_, err := fromproto.Event(nil)
	require.Error(t, err)
	_, ok := fromproto.Balance(&driverv1.Balance{})
	require.False(t, ok)
	_, ok = fromproto.VerificationResult(99)
	require.False(t, ok)
	_, err = fromproto.Message(&driverv1.Message{To: "0690"})
	require.ErrorIs(t, err, provider.InvalidRecipient)
	require.Equal(t, provider.Indeterminate, provider.CodeOf(fromproto.Error(&driverv1.Error{Code: 99})))
	require.Equal(t, provider.Indeterminate, provider.CodeOf(fromproto.Error(&driverv1.Error{})))
}
