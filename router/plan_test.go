package router_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
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
