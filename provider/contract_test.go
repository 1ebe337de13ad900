package provider_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
)

// silent breaks the contract in every method: it returns neither a result nor an
// error, or receipt in place of a receipt.
type silent struct{ receipt *provider.Receipt }

func (silent) Capabilities() provider.Capabilities {
	return provider.Capabilities{Features: ^provider.Feature(0), MaxBatch: 10}
}
func (s silent) Send(context.Context, *provider.Message) (*provider.Receipt, error) {
	return s.receipt, nil
}
func (s silent) SendBatch(_ context.Context, ms []*provider.Message) []provider.Verdict {
	vs := make([]provider.Verdict, len(ms))
	for i := range vs {
		vs[i].Receipt = s.receipt
	}
	return vs
}
func (silent) Status(context.Context, string) (*provider.Event, error) { return nil, nil }
func (s silent) Find(context.Context, *provider.Message, time.Time) (*provider.Receipt, error) {
	return s.receipt, nil
}
func (silent) Balance(context.Context) (*provider.Balance, error)                { return nil, nil }
func (silent) Quote(context.Context, *provider.Message) (*provider.Quote, error) { return nil, nil }
func (s silent) StartVerification(context.Context, *provider.VerificationRequest) (*provider.Receipt, error) {
	return s.receipt, nil
}
func (silent) CheckVerification(context.Context, string, string) (provider.VerificationResult, error) {
	return "", nil
}

// A driver's silence is never taken for success, nor does it reach a caller as a
// nil that it does not expect.
func TestSilentDriver(t *testing.T) {
	ctx := t.Context()
	blank := silent{&provider.Receipt{ID: " \t\u00a0"}}
	calls := map[string]func() (bool, error){
		"Send": func() (bool, error) { v := provider.Verdict{}.Checked(); return v.Receipt == nil, v.Err },
		"Send, blank id": func() (bool, error) {
			v := provider.Verdict{Receipt: blank.receipt}.Checked()
			return v.Receipt == nil, v.Err
		},
		"SendBatch": func() (bool, error) {
			v := provider.SendBatch(ctx, silent{}, []*provider.Message{{}})[0]
			return v.Receipt == nil, v.Err
		},
		"SendBatch, blank id": func() (bool, error) {
			v := provider.SendBatch(ctx, blank, []*provider.Message{{}})[0]
			return v.Receipt == nil, v.Err
		},
		"ReadStatus":                  func() (bool, error) { e, err := provider.ReadStatus(ctx, silent{}, "1"); return e == nil, err },
		"Find, blank id":              func() (bool, error) { r, err := provider.Find(ctx, blank, nil, time.Time{}); return r == nil, err },
		"ReadBalance":                 func() (bool, error) { b, err := provider.ReadBalance(ctx, silent{}); return b == nil, err },
		"RequestQuote":                func() (bool, error) { q, err := provider.RequestQuote(ctx, silent{}, nil); return q == nil, err },
		"StartVerification":           func() (bool, error) { r, err := provider.StartVerification(ctx, silent{}, nil); return r == nil, err },
		"StartVerification, blank id": func() (bool, error) { r, err := provider.StartVerification(ctx, blank, nil); return r == nil, err },
		"CheckVerification":           func() (bool, error) { r, err := provider.CheckVerification(ctx, silent{}, "", ""); return r == "", err },
		"both a receipt and an error": func() (bool, error) {
			v := provider.Verdict{Receipt: &provider.Receipt{ID: "1"}, Err: provider.Rejected}.Checked()
			return v.Receipt == nil, v.Err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			empty, err := call()
			require.ErrorIs(t, err, provider.Indeterminate)
			require.NotErrorIs(t, err, provider.Rejected)
			assert.True(t, empty)
		})
	}
	t.Run("what keeps the contract", func(t *testing.T) {
		for _, v := range []provider.Verdict{{Receipt: &provider.Receipt{}}, {Receipt: &provider.Receipt{ID: " 1"}}, {Err: provider.Rejected}} {
			assert.Equal(t, v, v.Checked())
		}
		r, err := provider.Find(ctx, silent{}, nil, time.Time{})
		require.NoError(t, err)
		assert.Nil(t, r, "not there now")
	})
}
