package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

func TestCodeOutcomes(t *testing.T) {
	want := map[provider.Code]provider.Outcome{
		provider.InvalidRecipient: "refused", provider.InvalidMessage: "refused", provider.OptedOut: "refused",
		provider.SenderRejected: "refused", provider.Unsupported: "refused", provider.NoRoute: "refused", provider.Rejected: "refused",
		provider.RateLimited: "not_sent", provider.Unauthenticated: "not_sent", provider.InsufficientFunds: "not_sent",
		provider.Unavailable: "not_sent", provider.Indeterminate: "unknown",
	}
	for _, c := range provider.Codes() {
		assert.Equal(t, want[c], c.Outcome(), "code %s", c)
	}
	assert.Len(t, provider.Codes(), len(want))
	assert.Equal(t, provider.OutcomeUnknown, provider.Code("new_one").Outcome(), "an unknown code proves nothing")
}

func TestCodeOf(t *testing.T) {
	inner := &provider.Error{Code: provider.Indeterminate, Err: provider.Unavailable}
	tests := []struct {
		name string
		err  error
		want provider.Code
	}{
		{"nil", nil, ""},
		{"error", &provider.Error{Code: provider.OptedOut}, provider.OptedOut},
		{"wrapped", fmt.Errorf("send: %w", &provider.Error{Code: provider.NoRoute}), provider.NoRoute},
		{"bare code", fmt.Errorf("send: %w", provider.RateLimited), provider.RateLimited},
		{"outer code decides", inner, provider.Indeterminate},
		{"unsupported", errors.ErrUnsupported, provider.Unsupported},
		{"unclassified", io.ErrUnexpectedEOF, provider.Indeterminate},
		{"context", context.Canceled, provider.Indeterminate},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, provider.CodeOf(tt.err))
			assert.Equal(t, tt.err == nil, provider.OutcomeOf(tt.err) == provider.OutcomeAccepted)
		})
	}
}

func TestErrorIs(t *testing.T) {
	err := fmt.Errorf("send: %w", &provider.Error{Code: provider.Unavailable, Err: io.EOF})
	assert.ErrorIs(t, err, provider.Unavailable)
	assert.NotErrorIs(t, err, provider.Indeterminate)
	assert.ErrorIs(t, err, io.EOF)
	assert.ErrorIs(t, &provider.Error{Code: provider.Unsupported}, errors.ErrUnsupported)
}

func TestErrorMasksDigits(t *testing.T) {
	err := &provider.Error{
		Code: provider.InvalidRecipient, VendorCode: "21211", VendorMessage: "number 306900000001 of order 1234 is bad",
		Err: errors.New("call to 27820000001 failed"),
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%v %+v %#v %s %q", err, err, err, err, err)} {
		assert.NotContains(t, text, "306900000001")
		assert.NotContains(t, text, "27820000001")
		assert.Contains(t, text, "order 1234", "short numbers are not masked")
		assert.Contains(t, text, "vendor code 21211", "nor are vendors' codes")
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "abc": "abc", "1234": "1234", "21408": "21408", "123456": "123456", "1234567": "***", "a1234567b": "a***b",
		"12345678 123456 9876543": "*** 123456 ***", "+306900000001": "+***", "12 3456789": "12 ***",
		"to +1 (415) 555-2671 was":  "to +*** was",
		"to (415) 555-2671.":        "to (***.",
		"+1.415.555.2671/7":         "+***",
		"+30 690 000":               "+***",
		"+30 690 0":                 "+30 690 0",
		"+1 and 4155552":            "+1 and ***",
		"+306\u00a0900":             "+306\u00a0900",
		"2026-11-21 17:42:47":       "2026-11-21 17:42:47",
		"dial tcp 192.168.10.20:80": "dial tcp 192.168.10.20:80",
		"(3 of 10), (1) 2":          "(3 of 10), (1) 2",

		"msg_01912345-8f5e-7d2a-9c3b-512345678904 to 306900000001": "msg_01912345-8f5e-7d2a-9c3b-512345678904 to ***",
		"att_01912345-8f5e-7d2a-9c3b-1234567":                      "att_***-8f5e-7d2a-9c3b-***",
		"msg_01912345-8f5e-7d2a-9c3b-5123456789041234567":          "msg_01912345-8f5e-7d2a-9c3b-512345678904***",
		"ref_01912345-8f5e-7d2a-9c3b-512345678904":                 "ref_***-8f5e-7d2a-9c3b-***",
	} {
		assert.Equal(t, want, provider.Mask(in), "Mask(%q)", in)
	}
}

func TestStringsAreRedacted(t *testing.T) {
	m := provider.Message{To: e164.MustParse("+306900000001"), Text: "code 482913", Ref: "order-306900000001"}
	r := provider.Receipt{ID: "abc", Raw: json.RawMessage(`{"to":"306900000001"}`)}
	e := provider.Event{Kind: provider.Inbound, ID: "abc", From: "+306900000001", Text: "code 482913", Raw: json.RawMessage(`"306900000001"`)}
	c := provider.VerificationRequest{To: m.To, Text: m.Text}
	b := provider.Callback{Method: "POST", URL: "https://hook.example/?key=k3y-in-clear", Query: url.Values{"from": {e.From}}, Body: []byte(e.Text)}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range []any{m, &m, r, &r, e, &e, c, &c, b, &b, provider.Secret("k3y-in-clear"), struct{ S provider.Secret }{"k3y-in-clear"}} {
		fmt.Fprintf(&out, "%v %+v %#v %s\n", v, v, v, v)
		log.Info("x", "v", v)
	}
	for _, v := range []any{provider.Secret("k3y-in-clear"), provider.Event{Raw: e.Raw}, &provider.Error{VendorMessage: e.From}} {
		require.NoError(t, json.NewEncoder(&out).Encode(v))
	}
	for _, private := range []string{"6900000001", "482913", "k3y-in-clear"} {
		assert.NotContains(t, out.String(), private)
	}
	assert.Equal(t, "k3y-in-clear", provider.Secret("k3y-in-clear").Reveal())
}

func TestMessageValidate(t *testing.T) {
	to := e164.MustParse("+306900000001")
	tests := []struct {
		name string
		m    provider.Message
		want error
	}{
		{"good", provider.Message{To: to, Text: "Καλημέρα"}, nil},
		{"no number", provider.Message{Text: "a"}, provider.InvalidRecipient},
		{"no text", provider.Message{To: to}, provider.InvalidMessage},
		{"invalid UTF-8", provider.Message{To: to, Text: "a\xff"}, provider.InvalidMessage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.ErrorIs(t, tt.m.Validate(), tt.want)
		})
	}
}

func TestExtraOf(t *testing.T) {
	m := &provider.Message{Extra: map[string]string{"acme.pool": "a", "other.x": "1"}}
	own, err := m.ExtraOf("acme", "pool", "kind")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"pool": "a"}, own)

	m.Extra["acme.pol"] = "typo"
	_, err = m.ExtraOf("acme", "pool", "kind")
	require.ErrorIs(t, err, provider.Unsupported)
	assert.ErrorContains(t, err, "acme.pol")
	assert.ErrorContains(t, err, "acme.pool, acme.kind")
}

func TestCloneSharesNothing(t *testing.T) {
	m := &provider.Message{Text: "a", Extra: map[string]string{"k": "v"}}
	c := m.Clone()
	c.Extra["k"] = "changed"
	assert.Equal(t, "v", m.Extra["k"])
}

func TestFeatureNames(t *testing.T) {
	f := provider.HasBatch | provider.CanChooseSender
	assert.Equal(t, "batch,choose_sender", f.String())
	b, err := json.Marshal(f)
	require.NoError(t, err)
	var back provider.Feature
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, f, back)
	_, err = provider.ParseFeature("telepathy")
	assert.ErrorContains(t, err, `"telepathy"`)
	assert.Len(t, (^provider.Feature(0)).Names(), 14, "each bit has a name")
}

func TestParseMoney(t *testing.T) {
	good := map[string]struct {
		micros int64
		text   string
	}{
		"0.087": {87_000, "0.087"}, "1": {1_000_000, "1"}, "-0.5": {-500_000, "-0.5"}, "0.000001": {1, "0.000001"},
		"12.3400000000": {12_340_000, "12.34"}, "0": {0, "0"}, "9223372036854.775807": {math.MaxInt64, "9223372036854.775807"},
	}
	for in, want := range good {
		m, err := provider.ParseMoney(in, "EUR")
		require.NoError(t, err, in)
		assert.Equal(t, want.micros, m.Micros, in)
		assert.Equal(t, want.text, m.Amount())
	}
	for _, in := range []string{"", ".", "1.", ".5", "1,5", "1e3", "0.0000001", "9223372036854.775808", "NaN", "+1", " 1", "--1", "1.2.3", "0x1"} {
		_, err := provider.ParseMoney(in, "EUR")
		assert.ErrorIs(t, err, provider.ErrMoney, "amount %q", in)
	}
	assert.Equal(t, "-9223372036854.775808", provider.Money{Micros: math.MinInt64}.Amount())
}

func TestMoneyArithmetic(t *testing.T) {
	a, b := provider.Money{Micros: 87_000, Currency: "AUD"}, provider.Money{Micros: 1, Currency: "AUD"}
	sum, err := a.Add(b)
	require.NoError(t, err)
	assert.Equal(t, int64(87_001), sum.Micros)
	product, err := a.Mul(-3)
	require.NoError(t, err)
	assert.Equal(t, int64(-261_000), product.Micros)
	order, err := a.Compare(b)
	require.NoError(t, err)
	assert.Equal(t, 1, order)

	_, err = a.Add(provider.Money{Currency: "EUR"})
	require.ErrorIs(t, err, provider.ErrMoney)
	_, err = a.Compare(provider.Money{Currency: "EUR"})
	require.ErrorIs(t, err, provider.ErrMoney)
	_, err = provider.Money{Micros: math.MaxInt64}.Add(provider.Money{Micros: 1})
	require.ErrorIs(t, err, provider.ErrMoney)
	_, err = provider.Money{Micros: math.MinInt64}.Add(provider.Money{Micros: -1})
	require.ErrorIs(t, err, provider.ErrMoney)
	_, err = provider.Money{Micros: math.MaxInt64 / 2}.Mul(3)
	require.ErrorIs(t, err, provider.ErrMoney)
}

func TestMoneyJSON(t *testing.T) {
	b, err := json.Marshal(provider.Money{Micros: 87_000, Currency: "AUD"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"amount":"0.087","currency":"AUD"}`, string(b))
	var m provider.Money
	require.NoError(t, json.Unmarshal(b, &m))
	assert.Equal(t, int64(87_000), m.Micros)
	assert.Error(t, json.Unmarshal([]byte(`{"amount":0.087,"currency":"AUD"}`), &m), "a float is not an amount")
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"0.087", "-1", "1.", "9223372036854.775807"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := provider.ParseMoney(s, "EUR")
		if err != nil {
			return
		}
		again, err := provider.ParseMoney(m.Amount(), "EUR")
		if err != nil || again != m {
			t.Errorf("%q gives %v, which reads back as %v, %v", s, m, again, err)
		}
	})
}

// full has every optional method; its bits are what the test sets.
type full struct {
	features provider.Feature
	batch    func([]*provider.Message) []provider.Verdict
	calls    int
}

func (f *full) Capabilities() provider.Capabilities {
	return provider.Capabilities{Features: f.features, MaxBatch: 2}
}
func (f *full) Send(context.Context, *provider.Message) (*provider.Receipt, error) {
	f.calls++
	return &provider.Receipt{ID: "1"}, nil
}
func (f *full) SendBatch(_ context.Context, ms []*provider.Message) []provider.Verdict {
	f.calls++
	return f.batch(ms)
}
func (f *full) Status(context.Context, string) (*provider.Event, error) {
	f.calls++
	return &provider.Event{}, nil
}
func (f *full) Find(context.Context, *provider.Message, time.Time) (*provider.Receipt, error) {
	f.calls++
	return nil, nil
}
func (f *full) Cancel(context.Context, string) error { f.calls++; return nil }
func (f *full) Balance(context.Context) (*provider.Balance, error) {
	f.calls++
	return &provider.Balance{}, nil
}
func (f *full) Quote(context.Context, *provider.Message) (*provider.Quote, error) {
	f.calls++
	return &provider.Quote{}, nil
}
func (f *full) StartVerification(context.Context, *provider.VerificationRequest) (*provider.Receipt, error) {
	f.calls++
	return &provider.Receipt{}, nil
}
func (f *full) CheckVerification(context.Context, string, string) (provider.VerificationResult, error) {
	f.calls++
	return provider.VerificationRight, nil
}
func (f *full) ParseCallback(context.Context, *provider.Callback) ([]provider.Event, error) {
	f.calls++
	return nil, nil
}
func (f *full) Inbox(context.Context, string) ([]provider.Event, string, error) {
	f.calls++
	return nil, "", nil
}
func (f *full) Listen(context.Context, func(context.Context, []provider.Event) error) error {
	f.calls++
	return nil
}
func (f *full) Check(context.Context) error { f.calls++; return nil }

// acceptingAll is a full provider with these bits whose batches are accepted.
func acceptingAll(features provider.Feature) *full {
	return &full{features: features, batch: func(ms []*provider.Message) []provider.Verdict {
		return slices.Repeat([]provider.Verdict{{Receipt: &provider.Receipt{}}}, len(ms))
	}}
}

// optionalCalls has one helper function per bit.
func optionalCalls(ctx context.Context) map[provider.Feature]func(provider.Provider) error {
	return map[provider.Feature]func(provider.Provider) error{
		provider.HasBatch: func(p provider.Provider) error {
			return provider.SendBatch(ctx, p, []*provider.Message{{}})[0].Err
		},
		provider.HasStatus:    func(p provider.Provider) error { _, err := provider.ReadStatus(ctx, p, "1"); return err },
		provider.HasFind:      func(p provider.Provider) error { _, err := provider.Find(ctx, p, nil, time.Time{}); return err },
		provider.HasCancel:    func(p provider.Provider) error { return provider.Cancel(ctx, p, "1") },
		provider.HasBalance:   func(p provider.Provider) error { _, err := provider.ReadBalance(ctx, p); return err },
		provider.HasQuote:     func(p provider.Provider) error { _, err := provider.RequestQuote(ctx, p, nil); return err },
		provider.HasVerify:    func(p provider.Provider) error { _, err := provider.CheckVerification(ctx, p, "", ""); return err },
		provider.HasCallbacks: func(p provider.Provider) error { _, err := provider.ParseCallback(ctx, p, nil); return err },
		provider.HasInbox:     func(p provider.Provider) error { _, _, err := provider.ReadInbox(ctx, p, ""); return err },
		provider.HasEvents:    func(p provider.Provider) error { return provider.Listen(ctx, p, nil) },
		provider.HasCheck:     func(p provider.Provider) error { return provider.Check(ctx, p) },
	}
}

func TestOptionalCallsFollowTheBit(t *testing.T) {
	for bit, call := range optionalCalls(t.Context()) {
		t.Run(bit.String(), func(t *testing.T) {
			p := acceptingAll(bit)
			require.NoError(t, call(p))
			assert.Equal(t, 1, p.calls)

			p.features = ^bit
			err := call(p)
			require.ErrorIs(t, err, errors.ErrUnsupported)
			require.ErrorIs(t, err, provider.Unsupported)
			assert.Equal(t, 1, p.calls, "without the bit the method must not be called")
		})
	}
}

func TestSendBatchReturnsOneVerdictPerMessage(t *testing.T) {
	three := []*provider.Message{{}, {}, {}}
	t.Run("splits at the limit", func(t *testing.T) {
		var sizes []int
		p := &full{features: provider.HasBatch, batch: func(ms []*provider.Message) []provider.Verdict {
			sizes = append(sizes, len(ms))
			return make([]provider.Verdict, len(ms))
		}}
		vs := provider.SendBatch(t.Context(), p, three)
		assert.Equal(t, []int{2, 1}, sizes)
		require.Len(t, vs, 3)
		for _, v := range vs {
			assert.ErrorIs(t, v.Err, provider.Indeterminate, "neither receipt nor error is indeterminate")
		}
	})
	t.Run("a driver that returns both", func(t *testing.T) {
		p := &full{features: provider.HasBatch, batch: func(ms []*provider.Message) []provider.Verdict {
			return slices.Repeat([]provider.Verdict{{Receipt: &provider.Receipt{ID: "1"}, Err: provider.Unavailable}}, len(ms))
		}}
		for _, v := range provider.SendBatch(t.Context(), p, three) {
			assert.ErrorIs(t, v.Err, provider.Indeterminate)
			assert.Nil(t, v.Receipt)
		}
	})
	t.Run("a driver that drops one", func(t *testing.T) {
		p := &full{features: provider.HasBatch, batch: func([]*provider.Message) []provider.Verdict { return nil }}
		for _, v := range provider.SendBatch(t.Context(), p, three) {
			assert.ErrorIs(t, v.Err, provider.Indeterminate)
		}
	})
	t.Run("a context that has ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p := &full{features: provider.HasBatch}
		for _, v := range provider.SendBatch(ctx, p, three) {
			assert.ErrorIs(t, v.Err, provider.Unavailable)
			assert.ErrorIs(t, v.Err, context.Canceled)
		}
		assert.Zero(t, p.calls)
	})
}
