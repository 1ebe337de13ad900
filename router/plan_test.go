package router_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

func TestSkips(t *testing.T) {
	tests := []struct {
		name   string
		config memory.Config
		change func(*provider.Message)
		reason string
	}{
		{"too many characters", memory.Config{MaxCharacters: 160}, func(m *provider.Message) { m.Text = strings.Repeat("x", 200) }, "the text has 200 characters; the limit is 160"},
		{"too many segments", memory.Config{MaxSegments: 1}, func(m *provider.Message) { m.Text = strings.Repeat("x", 200) }, "the text has 2 segments; the limit is 1"},
		{"scheduled", memory.Config{Features: []string{}}, func(m *provider.Message) { m.SendAt = time.Now().Add(time.Hour) }, "it cannot schedule messages"},
		{"sender", memory.Config{Features: []string{}}, func(m *provider.Message) { m.From = "Example" }, "it cannot set the sender; sender: vendor lets it use its own"},
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

			res, err = open(t, []router.Upstream{{Name: "a", Provider: vendor(t, tt.config)}}, nil).Send(t.Context(), m)
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
			r := open(t, []router.Upstream{{Name: "a", Provider: a, Sender: tt.line}},
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
	r := open(t, []router.Upstream{{Name: "a", Provider: a}, {Name: "b", Provider: b}}, &router.Options{
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

// What is just within a limit is sent.
func TestJustWithinALimit(t *testing.T) {
	for name, change := range map[string]func(*provider.Message){
		"ten segments":                func(m *provider.Message) { m.Text = strings.Repeat("x", 10*153) },
		"eleven characters of sender": func(m *provider.Message) { m.From = "Eleven char" },
		"twenty digits of sender":     func(m *provider.Message) { m.From = "+12345678901234567890" },
	} {
		m := text("hello")
		change(m)
		_, err := two(t, vendor(t, memory.Config{}), vendor(t, memory.Config{}), nil).Send(t.Context(), m)
		require.NoError(t, err, name)
	}
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
			require.ErrorIs(t, err, router.ErrNoRoute)
			require.ErrorIs(t, res.Err(), router.ErrNoRoute)
			assert.Equal(t, provider.OutcomeRefused, res.Status)
			assert.Equal(t, "no route matches this message", res.Message)
		}
	}
}

// The network of a number is looked up once for a message, and never if nothing can.
func TestNetworkIsLookedUpOnce(t *testing.T) {
	route := func(name, network string) router.Route {
		return router.Route{Name: name, Match: router.Match{MCCMNC: []string{network}}, Targets: []router.Target{{Name: "a"}}}
	}
	o := &router.Options{Routes: []router.Route{route("one", "20201"), route("two", "20205"), route("three", "20210")}}
	upstreams := []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}
	assert.Equal(t, provider.NoRoute, open(t, upstreams, o).Plan(text("x")).Code)
	lookups := 0
	o.Network = func(e164.Number) string { lookups++; return "20210" }
	assert.Equal(t, "three", open(t, upstreams, o).Plan(text("x")).Route)
	assert.Equal(t, 1, lookups)
}

// A message without a class is transactional, and so is a route's class without a name.
func TestRoutesByClass(t *testing.T) {
	for _, c := range []struct {
		route, message provider.Class
		want           bool
	}{
		{"", "", true}, {provider.Transactional, "", true}, {"", provider.Transactional, true}, {provider.Transactional, provider.Transactional, true},
		{"", provider.OTP, false}, {provider.OTP, "", false}, {provider.Marketing, provider.OTP, false}, {provider.OTP, provider.OTP, true},
	} {
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{Routes: []router.Route{{
			Match: router.Match{Classes: []provider.Class{c.route}}, Targets: []router.Target{{Name: "a"}},
		}}})
		m := text("x")
		m.Class = c.message
		assert.Equal(t, c.want, r.Plan(m).Code == "", "%q on a route for %q", c.message, c.route)
	}
}

func TestVendorsNoRouteIsNotOurs(t *testing.T) {
	r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{Code: provider.NoRoute})}}, nil)
	res, err := r.Send(t.Context(), text("x"))
	require.ErrorIs(t, err, provider.NoRoute)
	require.NotErrorIs(t, err, router.ErrNoRoute)
	require.NotErrorIs(t, res.Err(), router.ErrNoRoute)
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

// If all providers of a route are out, all take part in the turns.
func TestWeightedWhenAllAreOut(t *testing.T) {
	r := two(t, vendor(t, memory.Config{}), vendor(t, memory.Config{}), &router.Options{Routes: []router.Route{{
		Strategy: router.Weighted, Targets: []router.Target{{Name: "a"}, {Name: "b", Weight: 2}},
	}}})
	for _, name := range []string{"a", "b"} {
		require.NoError(t, r.SetOverride(name, router.OverrideOut))
	}
	candidates := r.Plan(text("x")).Candidates
	assert.Equal(t, "b", candidates[0].Provider)
	assert.False(t, candidates[0].In)
	assert.Equal(t, "an override takes it out of use", candidates[0].Reason)
}

// Whatever orders the providers, a message that none can carry is refused.
func TestNobodyCanCarryIt(t *testing.T) {
	for _, strategy := range []router.Strategy{router.Priority, router.Weighted, router.LeastCost, router.AdaptiveOrder} {
		short := memory.Config{MaxCharacters: 3}
		r := two(t, vendor(t, short), vendor(t, short), &router.Options{Price: prices(nil), Routes: []router.Route{{
			Strategy: strategy, Targets: []router.Target{{Name: "a"}, {Name: "b"}},
		}}})
		res, err := r.Send(t.Context(), text("hello"))
		require.ErrorIs(t, err, provider.Unsupported, strategy)
		assert.Len(t, res.Skipped, 2)
	}
}

// No attempt starts after the validity or the deadline, whichever ends first.
func TestPlanSaysWhenAMessageExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := two(t, vendor(t, memory.Config{}), vendor(t, memory.Config{}), &router.Options{OTPExpiry: 2 * time.Minute})
		for name, c := range map[string]struct {
			class                      provider.Class
			validity, deadline, sendAt time.Duration
			want                       time.Duration // 0 = never
		}{
			"a message":                   {"", 0, 0, 0, 0},
			"with a validity":             {"", time.Hour, 0, 0, time.Hour},
			"with a deadline":             {"", 0, time.Hour, 0, time.Hour},
			"with both":                   {"", time.Hour, 30 * time.Minute, 0, 30 * time.Minute},
			"a code":                      {provider.OTP, 0, 0, 0, 2 * time.Minute},
			"a code with a validity":      {provider.OTP, time.Hour, 0, 0, time.Hour},
			"a code with a deadline":      {provider.OTP, 0, time.Minute, 0, time.Minute},
			"tomorrow, with its validity": {"", time.Hour, 0, 24 * time.Hour, 25 * time.Hour},
			"a minute ago":                {"", time.Hour, 0, -time.Minute, time.Hour},
		} {
			m := text("x")
			m.Class, m.Validity = c.class, c.validity
			if c.deadline != 0 {
				m.Deadline = time.Now().Add(c.deadline)
			}
			if c.sendAt != 0 {
				m.SendAt = time.Now().Add(c.sendAt)
			}
			p := r.Plan(m)
			assert.Empty(t, p.Code, name)
			if c.want == 0 {
				assert.Nil(t, p.Expires, name)
			} else if assert.NotNil(t, p.Expires, name) {
				assert.Equal(t, c.want, time.Until(*p.Expires), name)
			}
		}
		late := text("x")
		late.SendAt = time.Now().Add(-time.Minute - 1)
		assert.Equal(t, provider.InvalidMessage, r.Plan(late).Code, "more than a minute ago")
	})
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

// A rewritten text must keep the limit of segments too.
func TestRewriteKeepsTheSegmentLimit(t *testing.T) {
	r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{
		MaxSegments: 2,
		Routes:      []router.Route{{Targets: []router.Target{{Name: "a", Rewrite: func(m *provider.Message) { m.Text = strings.Repeat("x", 1000) }}}}},
	})
	res, err := r.Send(t.Context(), text("x"))
	require.ErrorIs(t, err, provider.Unsupported)
	assert.Contains(t, res.Skipped[0].Reason, "7 segments")
}
