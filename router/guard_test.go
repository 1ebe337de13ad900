package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
)

// gatekeeper is a guard that does as it is told and keeps what it was asked.
type gatekeeper struct {
	from     string
	unfit    string
	verdict  error // of Admit
	asked    []router.Admission
	settled  []provider.Outcome
	claimed  []bool
	announce string
	broken   error // of Settle
}

func (g *gatekeeper) Sender(*provider.Message) string { return g.from }

func (g *gatekeeper) Unfit(m *provider.Message) string { return g.unfit }

func (g *gatekeeper) Admit(_ context.Context, a *router.Admission) error {
	a.SetRule("gate")
	if g.announce != "" {
		a.Announce("gate", g.announce, nil)
	}
	g.asked = append(g.asked, *a)
	return g.verdict
}

func (g *gatekeeper) Settle(_ context.Context, a *router.Admission, r *router.Result) error {
	g.settled, g.claimed = append(g.settled, r.Status), append(g.claimed, a.Claimed)
	return g.broken
}

func (g *gatekeeper) Explain(context.Context, *router.Admission) []router.GuardVerdict {
	return []router.GuardVerdict{{Guard: "gate", Verdict: "refuse", Code: provider.Rejected, Reason: "closed"}}
}

func TestDeferredIsNotSentAndSaysUntilWhen(t *testing.T) {
	until := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	g := &gatekeeper{verdict: &router.Deferred{Until: until, Reason: "quiet hours"}}
	a := vendor(t, memory.Config{})
	r := two(t, a, vendor(t, memory.Config{}), &router.Options{Guard: g})
	res, err := r.Send(t.Context(), text("hello"))
	require.Error(t, err)
	for _, err := range []error{err, res.Err()} {
		later, ok := errors.AsType[*router.Deferred](err)
		require.True(t, ok)
		assert.Equal(t, until, later.Until)
		assert.Equal(t, "quiet hours", later.Reason)
	}
	assert.Equal(t, provider.OutcomeNotSent, res.Status)
	assert.Equal(t, provider.Unavailable, res.Code)
	assert.Equal(t, "deferred until 2026-11-22T08:00:00Z: quiet hours", res.Message)
	assert.Empty(t, a.Messages())
	assert.Empty(t, res.Attempts)
	assert.Empty(t, g.settled, "what was not admitted is not settled")

	b, err := json.Marshal(res)
	require.NoError(t, err)
	assert.Contains(t, string(b), `"deferred":{"until":"2026-11-22T08:00:00Z","reason":"quiet hours"}`)
	var back router.Result
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, res.Deferred, back.Deferred)
}

func TestGuardRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		gate   gatekeeper
		status provider.Outcome
		code   provider.Code
	}{
		"by a code":     {gatekeeper{verdict: provider.NewError(provider.InsufficientFunds, "the budget is used up")}, provider.OutcomeNotSent, provider.InsufficientFunds},
		"by its sender": {gatekeeper{unfit: "takes only numeric senders"}, provider.OutcomeRefused, provider.Unsupported},
		"by failing":    {gatekeeper{verdict: errors.New("no counters")}, provider.OutcomeNotSent, provider.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			a := vendor(t, memory.Config{})
			r := two(t, a, vendor(t, memory.Config{}), &router.Options{Guard: &c.gate})
			res, err := r.Send(t.Context(), text("hello"))
			require.ErrorIs(t, err, c.code)
			assert.Equal(t, c.status, res.Status)
			assert.Empty(t, a.Messages())
		})
	}
}

func TestGuardSeesTheMessageAndItsOutcome(t *testing.T) {
	g := &gatekeeper{from: "Shop"}
	a := scripted(t, code(provider.Rejected))
	r := two(t, a, vendor(t, memory.Config{}), &router.Options{
		Guard: g, Store: router.NewMemoryStore(10), RedirectAllTo: german,
		Price: func(name string, _ e164.Number, segments int) (provider.Money, bool) {
			return provider.Money{Micros: int64(segments) * 40_000, Currency: "EUR"}, name == "a"
		},
	})
	m := text("hello")
	m.Ref = "order-1"
	_, err := r.Send(router.WithClient(t.Context(), "shop"), m)
	require.Error(t, err)
	res, err := r.Send(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, "Shop", a.Messages()[0].Message.From, "the guard's sender")
	assert.Empty(t, m.From, "the caller's message is left alone")
	assert.Equal(t, german, a.Messages()[0].Message.To)
	require.Len(t, g.asked, 2)
	first := g.asked[0]
	assert.Equal(t, "order-1", first.ID)
	assert.Equal(t, first.ID, g.asked[1].ID)
	assert.Equal(t, "shop", first.Client)
	assert.Equal(t, mobile, first.Message.To, "the recipient of the caller")
	assert.Equal(t, "GR", first.Country)
	assert.Equal(t, 1, first.Segments)
	assert.Equal(t, []provider.Money{{Micros: 40_000, Currency: "EUR"}}, first.Costs)
	assert.True(t, first.Unpriced, "b has no price")
	assert.Equal(t, []provider.Outcome{provider.OutcomeRefused, res.Status}, g.settled)
	assert.Equal(t, []bool{true, true}, g.claimed)

	again, err := r.Send(t.Context(), m)
	require.NoError(t, err)
	assert.True(t, again.Replayed)
	assert.Len(t, g.asked, 2, "an accepted message is not admitted again")
}

// A guard that has no sender for a message leaves it the one that it has.
func TestGuardWithoutASender(t *testing.T) {
	for sender, want := range map[string]string{"": "Mine", "Shop": "Shop", "Mine": "Mine"} {
		a := vendor(t, memory.Config{})
		r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Guard: &gatekeeper{from: sender}})
		m := text("hello")
		m.From = "Mine"
		_, err := r.Send(t.Context(), m)
		require.NoError(t, err)
		assert.Equal(t, want, a.Messages()[0].Message.From)
	}
}

// A guard that cannot take note of a result does not change it.
func TestGuardThatCannotSettle(t *testing.T) {
	for _, broken := range []error{nil, errBroken} {
		var faults []router.Notice
		r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{})}}, &router.Options{
			Guard: &gatekeeper{broken: broken}, OnNotice: watch(&faults, router.NoticeFault),
		})
		_, err := r.Send(t.Context(), text("hello"))
		require.NoError(t, err)
		if broken == nil {
			assert.Empty(t, faults)
			continue
		}
		require.Len(t, faults, 1)
		require.ErrorIs(t, faults[0].Err, errBroken)
	}
}

// What is refused anyway is not put before the guard.
func TestPlanWithoutTheGuard(t *testing.T) {
	r := open(t, []router.Upstream{{Name: "a", Provider: vendor(t, memory.Config{MaxCharacters: 5})}}, &router.Options{
		Guard: &gatekeeper{}, Routes: []router.Route{{Match: router.Match{Countries: []string{"GR"}}, Targets: []router.Target{{Name: "a"}}}},
	})
	for want, m := range map[provider.Code]*provider.Message{
		provider.InvalidMessage: text(""),
		provider.NoRoute:        {To: german, Text: "hello"},
		provider.Unsupported:    text("too long"),
	} {
		p := r.Plan(m)
		assert.Equal(t, want, p.Code)
		assert.Empty(t, p.Guards)
	}
	assert.Len(t, r.Plan(text("hello")).Guards, 1)
}

func TestGuardLeavesDoubt(t *testing.T) {
	g := &gatekeeper{}
	a := scripted(t, lost)
	r := open(t, []router.Upstream{{Name: "a", Provider: a}}, &router.Options{Guard: g, Store: router.NewMemoryStore(10)})
	m := text("hello")
	m.Ref = "order-1"
	res, err := r.Send(t.Context(), m)
	require.Error(t, err)
	require.Equal(t, provider.OutcomeUnknown, res.Status)
	g.verdict = &router.Deferred{Until: time.Now().Add(time.Hour), Reason: "quiet hours"}
	res, err = r.Send(t.Context(), m)
	require.Error(t, err)
	assert.Equal(t, provider.OutcomeUnknown, res.Status, "a vendor may have it: that is what the caller must know")
	assert.Len(t, a.Messages(), 1)
}

func TestGuardIsExplainedAndCounted(t *testing.T) {
	reader := metric.NewManualReader()
	var notices []router.Notice
	g := &gatekeeper{verdict: provider.NewError(provider.Rejected, "closed"), announce: "80 % are used"}
	r := two(t, vendor(t, memory.Config{}), vendor(t, memory.Config{}), &router.Options{
		Guard: g, MeterProvider: metric.NewMeterProvider(metric.WithReader(reader)),
		OnNotice: func(n router.Notice) { notices = append(notices, n) },
	})
	p := r.Plan(text("hello"))
	assert.Equal(t, provider.Rejected, p.Code)
	assert.Equal(t, "gate: closed", p.Message)
	require.Len(t, p.Guards, 1)
	assert.Empty(t, g.asked, "a plan reserves nothing")

	_, err := r.Send(t.Context(), text("hello"))
	require.Error(t, err)
	require.Len(t, notices, 1)
	assert.Equal(t, router.NoticeGuard, notices[0].Kind)
	assert.Equal(t, "gate", notices[0].Guard)
	assert.Equal(t, "80 % are used", notices[0].Reason)

	var data metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &data))
	var stops int64
	for _, m := range data.ScopeMetrics[0].Metrics {
		if sum, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == "anysms.guard.stops" {
			for _, point := range sum.DataPoints {
				rule, _ := point.Attributes.Value("guard")
				assert.Equal(t, "gate", rule.AsString())
				stops += point.Value
			}
		}
	}
	assert.Equal(t, int64(1), stops)
}

func scripted(t *testing.T, answers ...memory.Answer) *memory.Provider {
	t.Helper()
	p := vendor(t, memory.Config{})
	p.Script(answers...)
	return p
}
