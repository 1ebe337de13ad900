package ledgertest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

func euros(micros int64) *provider.Money { return &provider.Money{Micros: micros, Currency: "EUR"} }

// sendPriced is a send whose vendor charges an amount, which the rate card has as another;
// nil = not known.
func (l *lab) sendPriced(ref, name string, o provider.Outcome, id string, charged, card *provider.Money) {
	l.Helper()
	c := l.claim(ref, "owner of "+ref)
	r := result(l.begin(c, name), name, o, id)
	r.Attempts[0].Charged, r.Attempts[0].CardPrice, r.CardPrice = charged, card, card
	switch {
	case charged != nil:
		r.Cost = &router.Cost{Money: *charged}
	case card != nil && o == provider.OutcomeAccepted:
		r.Cost = &router.Cost{Money: *card, Estimated: true}
	}
	require.NoError(l, l.Finish(l.Context(), c, r))
}

func priced(id string, s provider.Status, at time.Duration, cost *provider.Money) provider.Event {
	e := report(id, s)
	e.At, e.Cost = e.At.Add(at), cost
	return e
}

func (l *lab) assertPrices(ref, charged, card string) {
	l.Helper()
	text := func(m *provider.Money) string {
		if m == nil {
			return ""
		}
		return m.String()
	}
	m := l.only(ref)
	require.Len(l, m.Attempts, 1, ref)
	assert.Equal(l, charged, text(m.Attempts[0].Charged), "%s: charged for the attempt", ref)
	assert.Equal(l, card, text(m.Attempts[0].CardPrice), "%s: the attempt by the rate card", ref)
	assert.Equal(l, card, text(m.CardPrice), "%s: by the rate card", ref)
	want := "<nil>"
	if charged != "" {
		want = charged
	} else if card != "" && m.Status != ledger.Unknown {
		want = card
	}
	if m.Cost == nil {
		assert.Equal(l, want, "<nil>", ref)
		return
	}
	assert.Equal(l, want, m.Cost.Money.String(), ref)
	assert.Equal(l, charged == "", m.Cost.Estimated, ref)
}

func testPrices(l *lab) {
	accepted := provider.OutcomeAccepted
	l.sendPriced("receipt", "athens", accepted, "A1", euros(45_000), euros(40_000))
	l.assertPrices("receipt", "0.045 EUR", "0.04 EUR")
	l.sendPriced("free", "athens", accepted, "A2", euros(0), euros(40_000))
	l.assertPrices("free", "0 EUR", "0.04 EUR")
	l.sendPriced("silent", "athens", accepted, "A3", nil, euros(40_000))
	l.assertPrices("silent", "", "0.04 EUR")
	l.sendPriced("neither", "athens", accepted, "A4", nil, nil)
	l.assertPrices("neither", "", "")

	l.record("athens", priced("A3", provider.StatusDelivered, 0, euros(38_500)))
	l.assertPrices("silent", "0.0385 EUR", "0.04 EUR")
	l.record("athens", report("A1", provider.StatusDelivered))
	l.assertPrices("receipt", "0.045 EUR", "0.04 EUR")

	l.sendPriced("doubt", "athens", provider.OutcomeUnknown, "", nil, euros(40_000))
	l.assertPrices("doubt", "", "0.04 EUR")
	e := priced("A5", provider.StatusSent, 0, euros(41_000))
	e.Ref = "doubt"
	l.record("athens", e)
	l.assertPrices("doubt", "0.041 EUR", "0.04 EUR")

	prior, err := l.Look(l.Context(), l.claim("silent", "bob"))
	require.NoError(l, err)
	assert.Equal(l, "0.0385 EUR", prior.Cost.Money.String(), "what is sent again is known with its prices")
	assert.Equal(l, euros(40_000), prior.CardPrice)
}

// The same reports come to the same price in whatever order, before or after the receipt.
func testPriceOrder(l *lab) {
	reports := func(id string) []provider.Event {
		return []provider.Event{
			priced(id, provider.StatusSent, 0, euros(10_000)),
			priced(id, provider.StatusDelivered, time.Minute, euros(20_000)),
			priced(id, provider.StatusDelivered, time.Minute, euros(15_000)), // at the same time: the higher one
			priced(id, provider.StatusDelivered, 2*time.Minute, nil),
		}
	}
	for i, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {1, 3, 0, 2}} {
		for _, early := range []bool{false, true} {
			ref := fmt.Sprint(i, early)
			if !early {
				l.sendPriced(ref, "athens", provider.OutcomeAccepted, ref, euros(99_000), euros(40_000))
			}
			for _, at := range order {
				assert.Equal(l, 1, l.record("athens", reports(ref)[at]).New, "a report with another price is news")
			}
			if early {
				l.sendPriced(ref, "athens", provider.OutcomeAccepted, ref, euros(99_000), euros(40_000))
			}
			l.assertPrices(ref, "0.02 EUR", "0.04 EUR")
		}
	}
}

func testSegmentPrices(l *lab) {
	part := func(id string, n int, s provider.Status, cost *provider.Money) provider.Event {
		e := report(id, provider.StatusSent)
		e.Final, e.Cost, e.Segment = false, cost, &provider.EventSegment{Number: n, Of: 2, Status: s}
		return e
	}
	l.sendPriced("numbered", "athens", provider.OutcomeAccepted, "A1", nil, euros(80_000))
	l.record("athens", part("A1", 1, provider.StatusSent, euros(45_000)), part("A1", 1, provider.StatusDelivered, euros(45_000)),
		part("A1", 2, provider.StatusDelivered, euros(44_000)))
	l.assertPrices("numbered", "0.089 EUR", "0.08 EUR")

	l.sendPriced("by ids", "athens", provider.OutcomeAccepted, "S1,S2", nil, nil)
	l.record("athens", priced("S1", provider.StatusDelivered, 0, euros(45_000)), priced("S2", provider.StatusDelivered, 0, euros(45_000)))
	l.assertPrices("by ids", "0.09 EUR", "")

	l.sendPriced("without numbers", "athens", provider.OutcomeAccepted, "A2", nil, nil)
	for i, cost := range []int64{45_000, 46_000} {
		e := part("A2", 0, provider.StatusDelivered, euros(cost))
		e.Segment.Ref = fmt.Sprint("part ", i)
		l.record("athens", part("A2", 0, provider.StatusSent, euros(cost)), e)
	}
	l.assertPrices("without numbers", "0.091 EUR", "")

	l.sendPriced("mixed", "athens", provider.OutcomeAccepted, "A3", nil, euros(80_000))
	l.record("athens", part("A3", 1, provider.StatusDelivered, euros(45_000)),
		part("A3", 2, provider.StatusDelivered, &provider.Money{Micros: 1, Currency: provider.Credits}))
	l.assertPrices("mixed", "0.045 EUR", "0.08 EUR")
}

// testPriceStats compares like with like: messages with both prices in one currency.
func testPriceStats(l *lab) {
	credits := &provider.Money{Micros: 2_000_000, Currency: provider.Credits}
	accepted := provider.OutcomeAccepted
	l.sendPriced("a", "athens", accepted, "A1", euros(45_000), euros(40_000))
	l.sendPriced("b", "athens", accepted, "A2", nil, euros(40_000))
	l.sendPriced("c", "athens", accepted, "A3", euros(50_000), nil)
	l.sendPriced("d", "athens", accepted, "A4", credits, euros(40_000))
	l.sendPriced("e", "athens", accepted, "A5", nil, nil)
	l.sendPriced("f", "athens", provider.OutcomeUnknown, "", nil, euros(40_000))
	l.record("athens", priced("A2", provider.StatusDelivered, 0, euros(30_000)))
	l.sendPriced("g", "sydney", accepted, "S1", nil, euros(70_000))
	stats, err := l.StatsOf(l.Context(), ledger.AllNamespaces, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	require.NoError(l, err)
	require.Len(l, stats, 2)
	a, s := stats[0], stats[1]
	assert.Equal(l, []provider.Money{*euros(125_000), *credits}, a.Charged)
	assert.Equal(l, []provider.Money{*euros(120_000)}, a.CardPrice)
	assert.Equal(l, []provider.Money{*euros(45_000 + 30_000 - 80_000)}, a.Difference, "of the two that have both")
	assert.Empty(l, a.Estimated, "what is in doubt is not counted")
	assert.Positive(l, a.DeliveryP50, "of every namespace")
	assert.Equal(l, []provider.Money{*euros(70_000)}, s.Estimated)
	assert.Empty(l, s.Charged)
	assert.Empty(l, s.Difference)
}
