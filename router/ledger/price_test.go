package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

func euros(micros int64) *provider.Money { return &provider.Money{Micros: micros, Currency: "EUR"} }

// TestChargeOf: the latest price of the whole message, else the sum of its segments.
func TestChargeOf(t *testing.T) {
	whole := func(minute int, cost *provider.Money) *Event {
		return &Event{Event: provider.Event{Kind: provider.Report, At: time.Unix(int64(60*minute), 0), Cost: cost}}
	}
	part := func(number, minute int, s provider.Status, cost *provider.Money) *Event {
		e := whole(minute, cost)
		e.Segment = &provider.EventSegment{Number: number, Of: 3, Status: s}
		return e
	}
	reply := whole(9, euros(9))
	reply.Kind = provider.Inbound
	const delivered, sent = provider.StatusDelivered, provider.StatusSent
	for name, tt := range map[string]struct {
		reports []*Event
		want    *provider.Money
	}{
		"none":                  {nil, nil},
		"no price":              {[]*Event{whole(1, nil), part(1, 1, delivered, nil)}, nil},
		"of a reply":            {[]*Event{reply}, nil},
		"the later one":         {[]*Event{whole(2, euros(5)), whole(1, euros(7))}, euros(5)},
		"the higher one":        {[]*Event{whole(1, euros(5)), whole(1, euros(7)), whole(1, euros(6))}, euros(7)},
		"whole before segments": {[]*Event{part(1, 2, delivered, euros(4)), whole(1, euros(5))}, euros(5)},
		"segments":              {[]*Event{part(1, 1, sent, euros(4)), part(2, 1, delivered, euros(5)), part(1, 2, delivered, euros(3))}, euros(8)},
		"segments without a number": {
			[]*Event{part(0, 1, sent, euros(100)), part(0, 2, delivered, euros(4)), part(0, 2, delivered, euros(5))}, euros(9),
		},
		"some with a number": {
			[]*Event{part(0, 1, delivered, euros(4)), part(0, 1, delivered, euros(5)), part(1, 1, delivered, euros(6)), part(2, 1, delivered, euros(7))}, euros(22),
		},
	} {
		assert.Equal(t, tt.want, chargeOf(tt.reports), name)
	}
}

// TestPrice: a message costs what the vendor says, else what its receipt said, else what the
// rate card says.
func TestPrice(t *testing.T) {
	said := func(micros int64) *router.Cost { return &router.Cost{Money: *euros(micros)} }
	estimate := func(micros int64) *router.Cost { return &router.Cost{Money: *euros(micros), Estimated: true} }
	for name, tt := range map[string]struct {
		before        *router.Cost
		charged, card *provider.Money
		want          *router.Cost
	}{
		"nobody says":                  {nil, nil, nil, nil},
		"nobody says anything else":    {said(5), nil, nil, said(5)},
		"charged":                      {estimate(4), euros(6), euros(4), said(6)},
		"charged otherwise":            {said(5), euros(6), nil, said(6)},
		"by the card":                  {nil, nil, euros(4), estimate(4)},
		"by another card":              {estimate(3), nil, euros(4), estimate(4)},
		"the receipt, before the card": {said(5), nil, euros(4), said(5)},
	} {
		r := &record{}
		r.Cost, r.CardPrice = tt.before, euros(1)
		r.price(&Attempt{Charged: tt.charged, CardPrice: tt.card})
		assert.Equal(t, tt.want, r.Cost, name)
		want := tt.card
		if want == nil {
			want = euros(1)
		}
		assert.Equal(t, want, r.CardPrice, name)
	}
}

// TestPriced: an attempt takes the prices of the result that it does not have.
func TestPriced(t *testing.T) {
	for name, tt := range map[string]struct {
		charged, card *provider.Money // of the attempt
		cost          *router.Cost    // of the result, whose rate card says 4
		want          *provider.Money
	}{
		"what is charged":  {nil, nil, &router.Cost{Money: *euros(5)}, euros(5)},
		"an estimate":      {nil, nil, &router.Cost{Money: *euros(5), Estimated: true}, nil},
		"nothing":          {nil, nil, nil, nil},
		"it is known":      {euros(6), euros(7), &router.Cost{Money: *euros(5)}, euros(6)},
		"known by itself":  {euros(6), nil, nil, euros(6)},
		"it has a card":    {nil, euros(7), &router.Cost{Money: *euros(5)}, euros(5)},
		"a card, no price": {nil, euros(7), nil, nil},
	} {
		a := &Attempt{Charged: tt.charged, CardPrice: tt.card}
		a.priced(&router.Result{Cost: tt.cost, CardPrice: euros(4)})
		assert.Equal(t, tt.want, a.Charged, name)
		want := tt.card
		if want == nil {
			want = euros(4)
		}
		assert.Equal(t, want, a.CardPrice, name)
	}
}

// TestAddPrices compares like with like.
func TestAddPrices(t *testing.T) {
	var s Stat
	none, dollars := provider.Money{}, provider.Money{Micros: 3, Currency: "USD"}
	s.addPrices(*euros(50), *euros(40))
	s.addPrices(*euros(7), none)
	s.addPrices(*euros(20), dollars)
	s.addPrices(none, *euros(9))
	s.addPrices(dollars, dollars)
	assert.Equal(t, []provider.Money{*euros(77), dollars}, s.Charged)
	assert.Equal(t, []provider.Money{*euros(40), {Micros: 6, Currency: "USD"}}, s.CardPrice)
	assert.Equal(t, []provider.Money{*euros(10), {Currency: "USD"}}, s.Difference)
	assert.Equal(t, []provider.Money{*euros(9)}, s.Estimated)
}
