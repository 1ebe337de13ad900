package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/encoding/transliterate"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

var (
	mobile      = e164.MustParse("+306941234567")
	mobileOfBob = e164.MustParse("+306941234568")
	fixedLine   = e164.MustParse("+302101234567")
)

func text(s string) *provider.Message { return &provider.Message{To: mobile, Text: s} }

func vendor(t testing.TB, c memory.Config) *memory.Provider {
	t.Helper()
	p, err := memory.New(c)
	require.NoError(t, err)
	return p
}

// two is a router over two vendors, named a and b.
func two(t testing.TB, a, b *memory.Provider, opts *router.Options) *router.Router {
	t.Helper()
	return open(t, []router.Upstream{{Name: "a", Provider: a}, {Name: "b", Provider: b}}, opts)
}

func open(t testing.TB, providers []router.Upstream, opts *router.Options) *router.Router {
	t.Helper()
	r, err := router.New(providers, opts)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close(context.Background())) })
	return r
}

func code(c provider.Code) memory.Answer { return memory.Answer{Err: provider.NewError(c, "as told")} }

// lost accepts the message, but its response is lost.
var lost = memory.Answer{Err: provider.NewError(provider.Indeterminate, "the answer was lost"), Taken: true}

func asDeferred(err error) (*router.Deferred, bool) { return errors.AsType[*router.Deferred](err) }

func trail(r *router.Result) string {
	var b strings.Builder
	for i, a := range r.Attempts {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(a.Provider + ":" + string(a.Outcome))
	}
	return b.String()
}

func TestAccepted(t *testing.T) {
	a := vendor(t, memory.Config{Price: &provider.Money{Micros: 50_000, Currency: "EUR"}})
	r := two(t, a, vendor(t, memory.Config{}), nil)
	m := text("Γειά σου")
	m.Ref = "order-1"
	res, err := r.Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, provider.OutcomeAccepted, res.Status)
	assert.Equal(t, "a", res.Provider)
	assert.Equal(t, "m1", res.ID)
	assert.Equal(t, "ucs2", res.Encoding)
	assert.Equal(t, 1, res.Segments)
	assert.Equal(t, "0.05 EUR", res.Cost.String())
	assert.Equal(t, "a:accepted", trail(res))
	assert.Equal(t, "Γειά σου", a.Messages()[0].Message.Text)
}

// The whole of the table in policy.go: what each code does to the same
// provider, to the next one, and to the result.
func TestCodes(t *testing.T) {
	tests := []struct {
		code   provider.Code
		trail  string
		status provider.Outcome
		final  provider.Code
	}{
		{provider.InvalidRecipient, "a:refused", "refused", provider.InvalidRecipient},
		{provider.InvalidMessage, "a:refused", "refused", provider.InvalidMessage},
		{provider.Rejected, "a:refused", "refused", provider.Rejected},
		{provider.OptedOut, "a:refused", "refused", provider.OptedOut},
		{provider.SenderRejected, "a:refused b:accepted", "accepted", ""},
		{provider.Unsupported, "a:refused b:accepted", "accepted", ""},
		{provider.NoRoute, "a:refused b:accepted", "accepted", ""},
		{provider.RateLimited, "a:not_sent b:accepted", "accepted", ""},
		{provider.Unauthenticated, "a:not_sent b:accepted", "accepted", ""},
		{provider.InsufficientFunds, "a:not_sent b:accepted", "accepted", ""},
		{provider.Unavailable, "a:not_sent a:not_sent b:accepted", "accepted", ""},
		{provider.Indeterminate, "a:unknown", "unknown", provider.Indeterminate},
		{"a code of tomorrow", "a:unknown", "unknown", "a code of tomorrow"},
	}
	for _, tt := range tests {
		t.Run(string(tt.code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := vendor(t, memory.Config{Answer: func(*provider.Message) memory.Answer { return code(tt.code) }}), vendor(t, memory.Config{})
				res, err := two(t, a, b, nil).Send(t.Context(), text("hello"))
				assert.Equal(t, tt.trail, trail(res))
				assert.Equal(t, tt.status, res.Status)
				assert.Equal(t, tt.final, res.Code)
				assert.Equal(t, tt.status == provider.OutcomeAccepted, err == nil, "the error is nil if and only if the message was accepted")
				if err != nil {
					require.ErrorIs(t, err, tt.final)
				}
				assert.False(t, res.DuplicatePossible)
			})
		})
	}
}

// A new code needs a line in TestCodes.
func TestEveryCodeIsTested(t *testing.T) {
	assert.Len(t, provider.Codes(), 12, "TestCodes must have a line for each code")
}

func TestFailoverOn(t *testing.T) {
	for _, c := range []provider.Code{provider.InvalidRecipient, provider.InvalidMessage, provider.Rejected} {
		a, b := vendor(t, memory.Config{Code: c}), vendor(t, memory.Config{})
		res, err := two(t, a, b, &router.Options{FailoverOn: []provider.Code{c}}).Send(t.Context(), text("hello"))
		require.NoError(t, err)
		assert.Equal(t, "a:refused b:accepted", trail(res))
	}
	_, err := router.New([]router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{FailoverOn: []provider.Code{provider.OptedOut}})
	require.ErrorContains(t, err, "failover_on")
}

func TestRetriesThenFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{Code: provider.Unavailable}), vendor(t, memory.Config{})
		r := two(t, a, b, &router.Options{Retry: router.Retry{MaxAttempts: 3, Initial: time.Second, Jitter: -1}})
		began := time.Now()
		res, err := r.Send(t.Context(), text("hello"))
		require.NoError(t, err)
		assert.Equal(t, "a:not_sent a:not_sent a:not_sent b:accepted", trail(res))
		assert.Equal(t, 3*time.Second, time.Since(began), "one second, then two")
	})
}

// TestDecidingAttempt says which of two vendors' words is the message's outcome.
func TestDecidingAttempt(t *testing.T) {
	for _, tt := range []struct {
		first, second provider.Code
		status        provider.Outcome
		code          provider.Code
	}{
		{provider.Unavailable, provider.InvalidRecipient, provider.OutcomeRefused, provider.InvalidRecipient},
		{provider.Unavailable, provider.Rejected, provider.OutcomeNotSent, provider.Unavailable},
		{provider.Rejected, provider.Unavailable, provider.OutcomeNotSent, provider.Unavailable},
		{provider.Rejected, provider.InvalidRecipient, provider.OutcomeRefused, provider.InvalidRecipient},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, b := vendor(t, memory.Config{Code: tt.first}), vendor(t, memory.Config{Code: tt.second})
			failOver := []provider.Code{provider.Rejected}
			r := two(t, a, b, &router.Options{Retry: router.Retry{MaxAttempts: 1}, FailoverOn: failOver})
			res, err := r.Send(t.Context(), text("hello"))
			require.ErrorIs(t, err, tt.code)
			assert.Equal(t, tt.status, res.Status, "%s, then %s", tt.first, tt.second)
			assert.Equal(t, tt.code, res.Code)
		})
	}
}

func TestAttemptBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{Code: provider.Unavailable}), vendor(t, memory.Config{Code: provider.Unavailable})
		r := two(t, a, b, &router.Options{Retry: router.Retry{MaxAttempts: 5}, AttemptBudget: 3})
		res, err := r.Send(t.Context(), text("hello"))
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Equal(t, "a:not_sent a:not_sent a:not_sent", trail(res))
	})
}

func TestRateLimitedWaitsOnlyAtTheLastProvider(t *testing.T) {
	limited := memory.Answer{Err: &provider.Error{Code: provider.RateLimited, RetryAfter: 7 * time.Second}}
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		a.Script(limited)
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, nil)
		began := time.Now()
		res, err := r.Send(t.Context(), text("hello"))
		require.NoError(t, err)
		assert.Equal(t, "a:not_sent a:accepted", trail(res))
		assert.GreaterOrEqual(t, time.Since(began), 7*time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		a.Script(limited)
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, nil)
		m := text("hello")
		m.Deadline = time.Now().Add(5 * time.Second)
		began := time.Now()
		res, err := r.Send(t.Context(), m)
		require.ErrorIs(t, err, provider.RateLimited)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.Zero(t, time.Since(began), "there is no point in waiting")
	})
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
		a.Script(limited)
		r := two(t, a, b, nil)
		_, err := r.Send(t.Context(), text("one"))
		require.NoError(t, err)
		res, err := r.Send(t.Context(), text("two"))
		require.NoError(t, err)
		assert.Equal(t, "b:accepted", trail(res), "a is parked")
		assert.Equal(t, router.BreakerClosed, r.States()[0].Breaker, "a pause is no failure")
		assert.NotNil(t, r.States()[0].ParkedUntil)
		time.Sleep(7 * time.Second)
		res, err = r.Send(t.Context(), text("three"))
		require.NoError(t, err)
		assert.Equal(t, "a:accepted", trail(res))
	})
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{Code: provider.Unavailable, Delay: provider.Duration(600 * time.Millisecond)}), vendor(t, memory.Config{})
		m := text("hello")
		m.Deadline = time.Now().Add(time.Second)
		began := time.Now()
		res, err := two(t, a, b, &router.Options{Retry: router.Retry{MaxAttempts: 1}}).Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, "a:not_sent b:accepted", trail(res))
		assert.Equal(t, 600*time.Millisecond, time.Since(began))
	})
	synctest.Test(t, func(t *testing.T) {
		slow := vendor(t, memory.Config{Delay: provider.Duration(time.Minute)})
		m := text("hello")
		m.Deadline = time.Now().Add(time.Second)
		began := time.Now()
		res, err := two(t, slow, vendor(t, memory.Config{}), nil).Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Indeterminate)
		assert.Equal(t, provider.OutcomeUnknown, res.Status)
		assert.Equal(t, time.Second, time.Since(began), "an at_most_once attempt may use all the time there is")
	})
	synctest.Test(t, func(t *testing.T) {
		slow := vendor(t, memory.Config{Delay: provider.Duration(time.Minute)})
		m := text("hello")
		m.Deadline, m.Delivery = time.Now().Add(time.Second), provider.AtLeastOnce
		began := time.Now()
		res, err := two(t, slow, vendor(t, memory.Config{}), nil).Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, "a:unknown b:accepted", trail(res))
		assert.Equal(t, 500*time.Millisecond, time.Since(began), "at_least_once shares the time")
	})
}

func TestCancelledContextSendsNothing(t *testing.T) {
	a := vendor(t, memory.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res, err := two(t, a, vendor(t, memory.Config{}), nil).Send(ctx, text("hello"))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, provider.Unavailable)
	assert.Equal(t, provider.OutcomeNotSent, res.Status)
	assert.Empty(t, res.Attempts)
	assert.Zero(t, a.Attempts())
}

func TestValidity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{Code: provider.Unavailable, Delay: provider.Duration(20 * time.Second)}), vendor(t, memory.Config{})
		m := text("hello")
		m.Class, m.Validity = provider.OTP, time.Minute
		_, err := two(t, a, b, &router.Options{Retry: router.Retry{MaxAttempts: 1}}).Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, 40*time.Second, b.Messages()[0].Message.Validity, "what is left")
		assert.Equal(t, time.Minute, m.Validity, "the caller's message is not changed")
	})
	t.Run("a provider without it", func(t *testing.T) {
		plain := memory.Config{Features: []string{"choose_sender"}}
		m := text("hello")
		m.Validity = time.Minute
		a := vendor(t, plain)
		res, err := two(t, a, vendor(t, memory.Config{}), nil).Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, "a", res.Provider)
		assert.Equal(t, []string{"validity"}, res.Ignored)
		assert.Zero(t, a.Messages()[0].Message.Validity)

		m.Class = provider.OTP
		res, err = two(t, vendor(t, plain), vendor(t, memory.Config{}), nil).Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, "b", res.Provider, "a code must not arrive after it is void")
		require.Len(t, res.Skipped, 1)
		assert.Contains(t, res.Skipped[0].Reason, "validity")

		m.Validity = 0
		res, err = two(t, vendor(t, plain), vendor(t, memory.Config{}), nil).Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, "a", res.Provider, "the default validity only bounds the attempts")

		m.Validity = time.Minute
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, plain), IgnoreValidity: true}}, nil)
		res, err = r.Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, []string{"validity"}, res.Ignored)
	})
}

func TestTransliterate(t *testing.T) {
	a := vendor(t, memory.Config{})
	m := text("It’s here – “now”")
	res, err := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Transliterate: transliterate.Lossless}).Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, `It's here - "now"`, a.Messages()[0].Message.Text)
	assert.Equal(t, "gsm7", res.Encoding)
	assert.True(t, res.Transliterated)
	assert.Equal(t, "It’s here – “now”", m.Text)
	res, err = open(t, []router.Upstream{{Name: "a", Provider: a}}, nil).Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, "ucs2", res.Encoding, "texts arrive as written")
}

func TestRedirect(t *testing.T) {
	staging := e164.MustParse("+4915112345678")
	a := vendor(t, memory.Config{})
	m := text("hello")
	res, err := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{RedirectAllTo: staging}).Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, staging, a.Messages()[0].Message.To)
	assert.Equal(t, staging, res.To)
	assert.Equal(t, mobile, m.To)
}

func TestResultJSON(t *testing.T) {
	a := vendor(t, memory.Config{Price: &provider.Money{Micros: 87_000, Currency: "AUD"}})
	m := text("hello")
	m.Ref = "r1"
	res, err := two(t, a, vendor(t, memory.Config{}), nil).Send(t.Context(), m)
	require.NoError(t, err)
	b, err := json.Marshal(res)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(b, &got))
	keys := slices.Sorted(func(yield func(string) bool) {
		for k := range got {
			if !yield(k) {
				return
			}
		}
	})
	assert.Equal(t, []string{"attempts", "code", "cost", "duplicate_possible", "encoding", "id", "ignored", "key", "message", "provider", "ref", "segments", "skipped", "status", "to"}, keys)
	assert.Equal(t, map[string]any{"amount": "0.087", "currency": "AUD"}, got["cost"])
	assert.Equal(t, []any{}, got["ignored"])
	assert.Equal(t, mobile.String(), got["to"])
	attempt := got["attempts"].([]any)[0].(map[string]any)
	for _, key := range []string{"provider", "outcome", "code", "vendor_code", "message", "started_at", "duration_ms"} {
		assert.Contains(t, attempt, key)
	}
	var back router.Result
	require.NoError(t, json.Unmarshal(b, &back))
	again, err := json.Marshal(back)
	require.NoError(t, err)
	assert.JSONEq(t, string(b), string(again))
}

func TestResultString(t *testing.T) {
	for want, r := range map[string]router.Result{
		"result{status: accepted, provider: a}":                                         {Status: provider.OutcomeAccepted, Provider: "a"},
		"result{status: refused, code: no_route}":                                       {Status: provider.OutcomeRefused, Code: provider.NoRoute},
		"result{status: unknown, code: indeterminate, provider: a, duplicate possible}": {Status: provider.OutcomeUnknown, Code: provider.Indeterminate, Provider: "a", DuplicatePossible: true},
	} {
		assert.Equal(t, want, r.String())
	}
	b, err := json.Marshal(router.Result{})
	require.NoError(t, err)
	assert.Contains(t, string(b), `"ignored":[],"skipped":[],"attempts":[]`)
	b, err = json.Marshal(router.Result{Ignored: []string{"from"}, Skipped: []router.Skip{{Provider: "a", Reason: "out"}}, Attempts: []router.Attempt{{Provider: "b"}}})
	require.NoError(t, err)
	assert.Contains(t, string(b), `"ignored":["from"],"skipped":[{"provider":"a","reason":"out"}],"attempts":[{"provider":"b"`)
	for code, unsupported := range map[provider.Code]bool{provider.Unsupported: true, provider.NoRoute: false} {
		r := router.Result{Status: provider.OutcomeRefused, Code: code}
		assert.Equal(t, unsupported, errors.Is(r.Err(), errors.ErrUnsupported), code)
		_, deferred := asDeferred(r.Err())
		assert.False(t, deferred)
	}
}

func TestNumberIsRedacted(t *testing.T) {
	a := vendor(t, memory.Config{})
	a.Script(memory.Answer{Err: &provider.Error{Code: provider.Rejected, VendorCode: "306941234567", VendorMessage: "no such number 306941234567"}})
	res, err := two(t, a, vendor(t, memory.Config{}), nil).Send(t.Context(), text("hello 306941234567"))
	require.Error(t, err)
	for _, s := range []string{res.String(), err.Error(), res.Message, res.Attempts[0].Message, res.Attempts[0].VendorCode} {
		assert.NotContains(t, s, "306941234567")
	}
}
