package fromproto_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/drivers/plugin/internal/fromproto"
	"github.com/anysms/anysms/drivers/plugin/internal/toproto"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/provider/httpcall"
)

// Every word of package provider has its value in the protocol, and back.
func TestWords(t *testing.T) {
	for _, code := range provider.Codes() {
		assert.Equal(t, code, provider.CodeOf(fromproto.Error(toproto.Error(&provider.Error{Code: code}))))
	}
	for _, kind := range []provider.EventKind{provider.Report, provider.Inbound, provider.Engagement, provider.Unreadable} {
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

// Every field crosses the line: a new one that is forgotten fails here.
func TestFields(t *testing.T) {
	caps := filled[provider.Capabilities](t)
	caps.BatchRules = []provider.BatchRule{provider.SameText}
	caps.Features = provider.HasBatch
	gotCaps, _ := fromproto.Capabilities(toproto.Capabilities(caps))
	assert.Equal(t, caps, gotCaps)

	m := filled[provider.Message](t)
	line, err := toproto.Message(&m)
	require.NoError(t, err)
	gotMessage, err := fromproto.Message(line)
	require.NoError(t, err)
	assert.Equal(t, &m, gotMessage)

	e := filled[provider.Event](t)
	e.Kind, e.Status, e.Code = provider.Report, provider.StatusSent, provider.NoRoute
	e.Segment.Status = provider.StatusDelivered
	e.Raw = json.RawMessage(`{"a":1}`)
	gotEvent, err := fromproto.Event(toproto.Event(&e))
	require.NoError(t, err)
	assert.Equal(t, &e, gotEvent)
}

// filled sets every field of a struct to something.
func filled[T any](t *testing.T) T {
	t.Helper()
	var v T
	for f := range reflect.TypeFor[T]().Fields() {
		at := reflect.ValueOf(&v).Elem().FieldByIndex(f.Index)
		switch zero := at.Interface().(type) {
		case time.Time:
			at.Set(reflect.ValueOf(time.Date(2030, 1, 5, 12, 0, 0, 0, time.UTC)))
		case time.Duration:
			at.SetInt(int64(time.Minute))
		case e164.Number:
			at.Set(reflect.ValueOf(e164.MustParse("+306900000001")))
		case map[string]string:
			at.Set(reflect.ValueOf(map[string]string{"acme.key": "value"}))
		case *provider.Money:
			at.Set(reflect.ValueOf(&provider.Money{Micros: 87_000, Currency: "AUD"}))
		case *provider.EventSegment:
			at.Set(reflect.ValueOf(&provider.EventSegment{Ref: "c", Number: 1, Of: 2}))
		case json.RawMessage, []provider.BatchRule, provider.Feature: // set by the caller
		case bool:
			at.SetBool(true)
		default:
			switch at.Kind() {
			case reflect.String:
				at.SetString("the " + f.Name)
			case reflect.Int:
				at.SetInt(7)
			case reflect.Float64:
				at.SetFloat(2.5)
			default:
				t.Fatalf("%s has the type %T, which this test does not know", f.Name, zero)
			}
		}
	}
	return v
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
