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

var mobile = e164.MustParse("+306941234567")

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
	return open(t, []router.Provider{{Name: "a", Provider: a}, {Name: "b", Provider: b}}, opts)
}

func open(t testing.TB, providers []router.Provider, opts *router.Options) *router.Router {
	t.Helper()
	r, err := router.New(providers, opts)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close(context.Background())) })
	return r
}

func code(c provider.Code) memory.Answer { return memory.Answer{Err: provider.Errorf(c, "as told")} }

// lost takes the message, then loses the answer.
var lost = memory.Answer{Err: provider.Errorf(provider.Indeterminate, "the answer was lost"), Taken: true}

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

// A list of every code, so that a new one must find its line in the table.
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
	_, err := router.New([]router.Provider{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{FailoverOn: []provider.Code{provider.OptedOut}})
	require.ErrorContains(t, err, "failover_on")
}

func TestAtLeastOnceGoesOnToTheNextOnly(t *testing.T) {
	a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
	a.Script(lost)
	m := text("hello")
	m.Class = provider.OTP
	res, err := two(t, a, b, nil).Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, "a:unknown b:accepted", trail(res))
	assert.True(t, res.DuplicatePossible)
	assert.Equal(t, 1, a.Attempts(), "never the same provider again")
}

func TestAtLeastOnceWithNobodyLeftIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{Code: provider.Unavailable})
		a.Script(lost)
		m := text("hello")
		m.Delivery = provider.AtLeastOnce
		res, err := two(t, a, b, nil).Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Indeterminate)
		assert.Equal(t, "a:unknown b:not_sent b:not_sent", trail(res))
		assert.Equal(t, provider.OutcomeUnknown, res.Status)
		assert.True(t, res.DuplicatePossible)
	})
}

func TestDeliveryModeOrder(t *testing.T) {
	tests := []struct {
		name                   string
		message, route, router provider.Delivery
		class                  provider.Class
		want                   provider.Delivery
	}{
		{"default", "", "", "", "", provider.AtMostOnce},
		{"otp", "", "", "", provider.OTP, provider.AtLeastOnce},
		{"router over class", "", "", provider.AtMostOnce, provider.OTP, provider.AtMostOnce},
		{"route over router", "", provider.Reconcile, provider.AtMostOnce, "", provider.Reconcile},
		{"message over all", provider.AtLeastOnce, provider.Reconcile, provider.AtMostOnce, "", provider.AtLeastOnce},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := open(t, []router.Provider{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{
				Delivery: tt.router,
				Routes:   []router.Route{{Targets: []router.Target{{Name: "a"}}, Delivery: tt.route}},
			})
			m := text("hello")
			m.Class, m.Delivery = tt.class, tt.message
			assert.Equal(t, tt.want, r.Plan(m).Delivery)
		})
	}
}

func TestReplayByTheVendorsOwnKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{ReplayFor: provider.Duration(time.Hour)}), vendor(t, memory.Config{})
		a.Script(lost)
		m := text("hello")
		m.Ref = "r1"
		res, err := two(t, a, b, nil).Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, "a:unknown a:accepted", trail(res))
		assert.False(t, res.DuplicatePossible, "the vendor recognises the key")
		assert.Equal(t, 1, a.Accepted())
		assert.Zero(t, b.Attempts())

		a.Script(lost)
		m.Ref = ""
		res, err = two(t, a, b, nil).Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Indeterminate, "without a Ref there is no key")
		assert.Equal(t, "a:unknown", trail(res))
	})
}

func TestReplayRefusedStaysUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{ReplayFor: provider.Duration(time.Hour)}), vendor(t, memory.Config{})
		a.Script(lost, code(provider.SenderRejected))
		m := text("hello")
		m.Ref = "r1"
		res, err := two(t, a, b, nil).Send(t.Context(), m)
		require.Error(t, err)
		assert.Equal(t, "a:unknown a:refused", trail(res), "at_most_once must not go on to b")
		assert.Equal(t, provider.OutcomeUnknown, res.Status)
	})
}

func TestReconcile(t *testing.T) {
	settles := provider.Duration(10 * time.Second)
	tests := []struct {
		name      string
		answer    memory.Answer
		settles   provider.Duration
		ref       string
		trail     string
		status    provider.Outcome
		duplicate bool
		took      time.Duration
	}{
		{"found", lost, settles, "r", "a:accepted", "accepted", false, time.Second},
		{"found though absence is no proof", lost, 0, "r", "a:accepted", "accepted", false, time.Second},
		{"absent", code(provider.Indeterminate), settles, "r", "a:not_sent b:accepted", "accepted", true, 10 * time.Second},
		{"absent without proof", code(provider.Indeterminate), 0, "r", "a:unknown", "unknown", false, 15 * time.Second},
		{"without a ref", lost, settles, "", "a:unknown", "unknown", false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := vendor(t, memory.Config{FindSettles: tt.settles}), vendor(t, memory.Config{})
				a.Script(tt.answer)
				m := text("hello")
				m.Ref, m.Delivery = tt.ref, provider.Reconcile
				began := time.Now()
				res, err := two(t, a, b, nil).Send(t.Context(), m)
				assert.Equal(t, tt.status == provider.OutcomeAccepted, err == nil)
				assert.Equal(t, tt.trail, trail(res))
				assert.Equal(t, tt.status, res.Status)
				assert.Equal(t, tt.duplicate, res.DuplicatePossible)
				assert.Equal(t, tt.took, time.Since(began))
				assert.LessOrEqual(t, a.Accepted()+b.Accepted(), 1)
				if tt.name == "found" {
					assert.Equal(t, "m1", res.ID)
					assert.True(t, res.Attempts[0].Reconciled)
				}
			})
		})
	}
}

func TestReconcileAbsentWithNobodyLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{FindSettles: provider.Duration(5 * time.Second)})
		a.Script(code(provider.Indeterminate))
		m := text("hello")
		m.Ref, m.Delivery = "r", provider.Reconcile
		res, err := open(t, []router.Provider{{Name: "a", Provider: a}}, nil).Send(t.Context(), m)
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Equal(t, provider.OutcomeNotSent, res.Status)
		assert.True(t, res.DuplicatePossible)
		assert.Equal(t, 1, a.Attempts())
	})
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

func TestAttemptBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := vendor(t, memory.Config{Code: provider.Unavailable}), vendor(t, memory.Config{Code: provider.Unavailable})
		r := two(t, a, b, &router.Options{Retry: router.Retry{MaxAttempts: 5}, AttemptBudget: 3})
		res, err := r.Send(t.Context(), text("hello"))
		require.ErrorIs(t, err, provider.Unavailable)
		assert.Equal(t, "a:not_sent a:not_sent a:not_sent", trail(res))
	})
}

func TestRateLimitedWaitsOnlyIfAlone(t *testing.T) {
	limited := memory.Answer{Err: &provider.Error{Code: provider.RateLimited, RetryAfter: 7 * time.Second}}
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		a.Script(limited)
		r := open(t, []router.Provider{{Name: "a", Provider: a}}, nil)
		began := time.Now()
		res, err := r.Send(t.Context(), text("hello"))
		require.NoError(t, err)
		assert.Equal(t, "a:not_sent a:accepted", trail(res))
		assert.GreaterOrEqual(t, time.Since(began), 7*time.Second)
	})
	synctest.Test(t, func(t *testing.T) {
		a := vendor(t, memory.Config{})
		a.Script(limited)
		r := open(t, []router.Provider{{Name: "a", Provider: a}}, nil)
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
		assert.Equal(t, router.Closed, r.States()[0].Breaker, "a pause is no failure")
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
		r := open(t, []router.Provider{{Name: "a", Provider: vendor(t, plain), IgnoreValidity: true}}, nil)
		res, err = r.Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, []string{"validity"}, res.Ignored)
	})
}

func TestSkips(t *testing.T) {
	tests := []struct {
		name   string
		config memory.Config
		change func(*provider.Message)
		reason string
	}{
		{"too many characters", memory.Config{MaxCharacters: 160}, func(m *provider.Message) { m.Text = strings.Repeat("x", 200) }, "the text has 200 characters; it takes 160"},
		{"too many segments", memory.Config{MaxSegments: 1}, func(m *provider.Message) { m.Text = strings.Repeat("x", 200) }, "the text has 2 segments; it takes 1"},
		{"scheduled", memory.Config{Features: []string{}}, func(m *provider.Message) { m.SendAt = time.Now().Add(time.Hour) }, "it cannot schedule"},
		{"sender", memory.Config{Features: []string{}}, func(m *provider.Message) { m.From = "Example" }, "it cannot choose the sender; sender: vendor lets it use its own"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := text("hello")
			tt.change(m)
			a := vendor(t, tt.config)
			res, err := two(t, a, vendor(t, memory.Config{}), nil).Send(t.Context(), m)
			require.NoError(t, err)
			assert.Equal(t, "b:accepted", trail(res))
			assert.Equal(t, []router.Skip{{Provider: "a", Reason: tt.reason}}, res.Skipped)
			assert.Zero(t, a.Attempts())

			res, err = open(t, []router.Provider{{Name: "a", Provider: vendor(t, tt.config)}}, nil).Send(t.Context(), m)
			require.ErrorIs(t, err, provider.Unsupported)
			require.ErrorIs(t, err, errors.ErrUnsupported)
			assert.Equal(t, provider.OutcomeRefused, res.Status)
		})
	}
}

func TestSenders(t *testing.T) {
	tests := []struct {
		name                   string
		choose                 bool
		message, line, onRoute string
		want                   string
		ignored                []string
	}{
		{"the message's", true, "Shop", "Default", "", "Shop", nil},
		{"the provider's default", true, "", "Default", "", "Default", nil},
		{"the route's", true, "Shop", "Default", "Backup", "Backup", nil},
		{"the vendor's own", false, "Shop", "vendor", "", "", []string{"from"}},
		{"the vendor's own on this route", true, "Shop", "Default", "vendor", "", []string{"from"}},
		{"a default that cannot be given", false, "", "Default", "", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := memory.Config{}
			if !tt.choose {
				c.Features = []string{}
			}
			a := vendor(t, c)
			r := open(t, []router.Provider{{Name: "a", Provider: a, Sender: tt.line}},
				&router.Options{Routes: []router.Route{{Targets: []router.Target{{Name: "a", Sender: tt.onRoute}}}}})
			m := text("hello")
			m.From = tt.message
			res, err := r.Send(t.Context(), m)
			require.NoError(t, err)
			assert.Equal(t, tt.want, a.Messages()[0].Message.From)
			assert.Equal(t, tt.ignored, res.Ignored)
			assert.Equal(t, tt.message, m.From)
		})
	}
}

func TestRewrite(t *testing.T) {
	a, b := vendor(t, memory.Config{Code: provider.NoRoute}), vendor(t, memory.Config{MaxCharacters: 10})
	r := open(t, []router.Provider{{Name: "a", Provider: a}, {Name: "b", Provider: b}}, &router.Options{
		Routes: []router.Route{{Targets: []router.Target{{Name: "a"}, {Name: "b", Rewrite: func(m *provider.Message) {
			m.Text, m.To = "short", e164.MustParse("+4915112345678")
		}}}}},
	})
	m := text("a text that is too long for b")
	m.Extra = map[string]string{"apifon.x": "y"}
	_, err := r.Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, "short", b.Messages()[0].Message.Text)
	assert.Equal(t, mobile, b.Messages()[0].Message.To, "nobody redirects a message by accident")
	assert.Equal(t, "a text that is too long for b", m.Text)
}

func TestRefusedBeforeAnyRequest(t *testing.T) {
	tests := []struct {
		name   string
		change func(*provider.Message)
		code   provider.Code
		want   string
	}{
		{"no recipient", func(m *provider.Message) { m.To = e164.Number{} }, provider.InvalidRecipient, "no recipient"},
		{"fixed line", func(m *provider.Message) { m.To = e164.MustParse("+302101234567") }, provider.InvalidRecipient, "fixed_line"},
		{"no such number", func(m *provider.Message) { m.To = e164.MustParse("+3012345678") }, provider.InvalidRecipient, "length"},
		{"empty text", func(m *provider.Message) { m.Text = "" }, provider.InvalidMessage, "empty"},
		{"invalid UTF-8", func(m *provider.Message) { m.Text = "a\xff" }, provider.InvalidMessage, "UTF-8"},
		{"eleven segments", func(m *provider.Message) { m.Text = strings.Repeat("x", 10*153+1) }, provider.InvalidMessage, "11 segments; the limit is 10"},
		{"deadline passed", func(m *provider.Message) { m.Deadline = time.Now().Add(-time.Second) }, provider.InvalidMessage, "deadline"},
		{"negative validity", func(m *provider.Message) { m.Validity = -1 }, provider.InvalidMessage, "validity"},
		{"class", func(m *provider.Message) { m.Class = "urgent" }, provider.InvalidMessage, `"urgent"; want otp`},
		{"delivery", func(m *provider.Message) { m.Delivery = "twice" }, provider.InvalidMessage, `"twice"; want at_most_once`},
		{"long sender", func(m *provider.Message) { m.From = "Twelve chars" }, provider.InvalidMessage, "at most 11 characters"},
		{"long numeric sender", func(m *provider.Message) { m.From = "+123456789012345678901" }, provider.InvalidMessage, "at most 20 digits"},
		{"blank sender", func(m *provider.Message) { m.From = "  " }, provider.InvalidMessage, "blank"},
		{"cyrillic sender", func(m *provider.Message) { m.From = "Почта" }, provider.InvalidMessage, "GSM-7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := vendor(t, memory.Config{})
			m := text("hello")
			tt.change(m)
			res, err := two(t, a, vendor(t, memory.Config{}), nil).Send(t.Context(), m)
			require.ErrorIs(t, err, tt.code)
			assert.Equal(t, provider.OutcomeRefused, res.Status)
			assert.Contains(t, res.Message, tt.want)
			assert.Zero(t, a.Attempts())
		})
	}
	res, err := two(t, vendor(t, memory.Config{}), vendor(t, memory.Config{}), nil).Send(t.Context(), nil)
	require.ErrorIs(t, err, provider.InvalidRecipient)
	assert.NotNil(t, res)
}

func TestValidation(t *testing.T) {
	fixed, short := e164.MustParse("+302101234567"), e164.MustParse("+3012345678")
	tests := []struct {
		name            string
		opts            router.Options
		fixedOK, anyLen bool
	}{
		{"strict", router.Options{}, false, false},
		{"possible", router.Options{Validation: router.Possible}, true, false},
		{"shape", router.Options{Validation: router.Shape}, true, true},
		{"allowed range", router.Options{AllowNumbers: []string{"3021"}}, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := two(t, vendor(t, memory.Config{}), vendor(t, memory.Config{}), &tt.opts)
			_, err := r.Send(t.Context(), &provider.Message{To: fixed, Text: "x"})
			assert.Equal(t, tt.fixedOK, err == nil, "%v", err)
			_, err = r.Send(t.Context(), &provider.Message{To: short, Text: "x"})
			assert.Equal(t, tt.anyLen, err == nil, "%v", err)
		})
	}
}

func TestRoutes(t *testing.T) {
	routes := []router.Route{
		{Name: "codes", Match: router.Match{Classes: []provider.Class{provider.OTP}}, Targets: []router.Target{{Name: "b"}}},
		{Name: "greece", Match: router.Match{Countries: []string{"GR", "CY"}}, Targets: []router.Target{{Name: "a"}}},
		{Name: "canada", Match: router.Match{Countries: []string{"CA"}}, Targets: []router.Target{{Name: "b"}}},
		{Name: "german o2", Match: router.Match{Prefixes: []string{"49176"}}, Targets: []router.Target{{Name: "a"}}},
		{Name: "network", Match: router.Match{MCCMNC: []string{"23410"}}, Targets: []router.Target{{Name: "a"}}},
		{Name: "shop", Match: router.Match{Senders: []string{"Shop"}, Tags: []string{"bill"}}, Targets: []router.Target{{Name: "a"}}},
	}
	r := two(t, vendor(t, memory.Config{}), vendor(t, memory.Config{}), &router.Options{
		Routes: routes, Validation: router.Shape,
		Network: func(n e164.Number) string {
			if n.HasPrefix("44") {
				return "23410"
			}
			return ""
		},
	})
	tests := []struct {
		m    provider.Message
		want string
	}{
		{provider.Message{To: mobile}, "greece"},
		{provider.Message{To: e164.MustParse("+35796123456")}, "greece"},
		{provider.Message{To: mobile, Class: provider.OTP}, "codes"},
		{provider.Message{To: e164.MustParse("+14165550123")}, "canada"},
		{provider.Message{To: e164.MustParse("+12125550123")}, ""},
		{provider.Message{To: e164.MustParse("+4917612345678")}, "german o2"},
		{provider.Message{To: e164.MustParse("+447400123456")}, "network"},
		{provider.Message{To: e164.MustParse("+4915112345678"), From: "Shop", Tag: "bill"}, "shop"},
		{provider.Message{To: e164.MustParse("+4915112345678"), From: "Shop"}, ""},
	}
	for _, tt := range tests {
		tt.m.Text = "x"
		p := r.Plan(&tt.m)
		assert.Equal(t, tt.want, p.Route, "%s", tt.m.To)
		if tt.want == "" {
			assert.Equal(t, provider.NoRoute, p.Code)
			res, err := r.Send(t.Context(), &tt.m)
			require.ErrorIs(t, err, provider.NoRoute)
			assert.Equal(t, provider.OutcomeRefused, res.Status)
		}
	}
}

func TestWeighted(t *testing.T) {
	a, b := vendor(t, memory.Config{}), vendor(t, memory.Config{})
	r := two(t, a, b, &router.Options{Routes: []router.Route{{
		Strategy: router.Weighted, Targets: []router.Target{{Name: "a", Weight: 2}, {Name: "b"}},
	}}})
	var order string
	for range 6 {
		planned := r.Plan(text("x")).Candidates[0].Provider
		res, err := r.Send(t.Context(), text("x"))
		require.NoError(t, err)
		assert.Equal(t, planned, res.Provider, "a plan takes no turn")
		order += res.Provider
	}
	assert.Equal(t, "abaaba", order, "smooth")
}

func TestPlan(t *testing.T) {
	a := vendor(t, memory.Config{MaxCharacters: 3})
	r := two(t, a, vendor(t, memory.Config{}), &router.Options{
		Price: func(name string, to e164.Number, n int) (provider.Money, bool) {
			return provider.Money{Micros: int64(n) * 40_000, Currency: "EUR"}, name == "b"
		},
	})
	p := r.Plan(text("hello"))
	assert.Equal(t, "GR", p.Country)
	assert.Equal(t, "default", p.Route)
	require.Len(t, p.Candidates, 2)
	assert.Equal(t, "b", p.Candidates[0].Provider, "those that are out come last")
	assert.Equal(t, "0.04 EUR", p.Candidates[0].Cost.String())
	assert.True(t, p.Candidates[0].Cost.Estimated)
	assert.False(t, p.Candidates[1].In)
	assert.Contains(t, p.Candidates[1].Reason, "5 characters")
	assert.Zero(t, a.Attempts())
	b, err := json.Marshal(r.Plan(nil))
	require.NoError(t, err)
	assert.Contains(t, string(b), `"invalid_recipient"`)
}

func TestTransliterate(t *testing.T) {
	a := vendor(t, memory.Config{})
	m := text("It’s here – “now”")
	res, err := open(t, []router.Provider{{Name: "a", Provider: a}}, &router.Options{Transliterate: transliterate.Lossless}).Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, `It's here - "now"`, a.Messages()[0].Message.Text)
	assert.Equal(t, "gsm7", res.Encoding)
	assert.True(t, res.Transliterated)
	assert.Equal(t, "It’s here – “now”", m.Text)
	res, err = open(t, []router.Provider{{Name: "a", Provider: a}}, nil).Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, "ucs2", res.Encoding, "texts arrive as written")
}

func TestRedirect(t *testing.T) {
	staging := e164.MustParse("+4915112345678")
	a := vendor(t, memory.Config{})
	m := text("hello")
	res, err := open(t, []router.Provider{{Name: "a", Provider: a}}, &router.Options{RedirectAllTo: staging}).Send(t.Context(), m)
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
	assert.Equal(t, []string{"attempts", "code", "cost", "duplicate_possible", "encoding", "id", "ignored", "message", "provider", "ref", "segments", "skipped", "status", "to"}, keys)
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

func TestNothingShowsTheNumber(t *testing.T) {
	a := vendor(t, memory.Config{})
	a.Script(memory.Answer{Err: &provider.Error{Code: provider.Rejected, VendorCode: "306941234567", VendorMessage: "no such number 306941234567"}})
	res, err := two(t, a, vendor(t, memory.Config{}), nil).Send(t.Context(), text("hello 306941234567"))
	require.Error(t, err)
	for _, s := range []string{res.String(), err.Error(), res.Message, res.Attempts[0].Message, res.Attempts[0].VendorCode} {
		assert.NotContains(t, s, "306941234567")
	}
}

func TestPanickingDriverLeavesDoubt(t *testing.T) {
	a := vendor(t, memory.Config{Answer: func(*provider.Message) memory.Answer { panic("bug") }})
	res, err := open(t, []router.Provider{{Name: "a", Provider: a}}, nil).Send(t.Context(), text("hello"))
	require.ErrorIs(t, err, provider.Indeterminate)
	assert.Equal(t, provider.OutcomeUnknown, res.Status)
}
