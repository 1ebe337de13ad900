package ledger

import (
	"cmp"
	"maps"
	"slices"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// chargeOf is what the reports about one attempt say that the vendor charges: the latest
// one about the whole message that has a price, else the sum of the latest ones about each
// segment. nil = none has a price. The order of the reports does not matter.
func chargeOf(reports []*Event) *provider.Money {
	var whole *Event
	segments := make(map[int]*Event)
	unnumbered := 0
	for _, e := range reports {
		switch {
		case e.Kind != provider.Report || e.Cost == nil:
		case e.Segment == nil:
			whole = laterPrice(whole, e)
		case e.Segment.Number == 0: // told apart by their final reports
			if reportOf(e.Segment.Status, true).Final() {
				unnumbered--
				segments[unnumbered] = e
			}
		default:
			segments[e.Segment.Number] = laterPrice(segments[e.Segment.Number], e)
		}
	}
	if whole != nil {
		return whole.Cost
	}
	return sumOf(segments)
}

// laterPrice returns the report with the later vendor time; at the same time the one with
// the higher price, so that the order in which they came does not matter.
func laterPrice(a, b *Event) *Event {
	if a == nil {
		return b
	}
	order := cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Cost.Micros, b.Cost.Micros), cmp.Compare(a.Cost.Currency, b.Cost.Currency))
	if order < 0 {
		return b
	}
	return a
}

// sumOf adds up the prices of segments that are in the currency of the first; nil if there
// are none.
func sumOf(segments map[int]*Event) *provider.Money {
	if len(segments) == 0 {
		return nil
	}
	numbers := slices.Sorted(maps.Keys(segments))
	sum := provider.Money{Currency: segments[numbers[0]].Cost.Currency}
	for _, n := range numbers {
		if total, err := sum.Add(*segments[n].Cost); err == nil {
			sum = total
		}
	}
	return &sum
}

// price takes the prices of the attempt that has the message.
func (r *record) price(by *Attempt) {
	if by.CardPrice != nil {
		r.CardPrice = by.CardPrice
	}
	switch {
	case by.Charged != nil:
		r.Cost = &router.Cost{Money: *by.Charged}
	case by.CardPrice != nil && (r.Cost == nil || r.Cost.Estimated):
		r.Cost = &router.Cost{Money: *by.CardPrice, Estimated: true}
	}
}

// priced takes the prices of a result whose attempts do not say them.
func (a *Attempt) priced(result *router.Result) {
	if a.Charged == nil && result.Cost != nil && !result.Cost.Estimated {
		a.Charged = &provider.Money{Micros: result.Cost.Micros, Currency: result.Cost.Currency}
	}
	if a.CardPrice == nil {
		a.CardPrice = result.CardPrice
	}
}

// addPrices adds what was charged for attempts, and their price by the rate card; without
// a currency it is not known.
func (s *Stat) addPrices(charged, card provider.Money) {
	if charged.Currency == "" {
		s.Estimated = addMoney(s.Estimated, card)
		return
	}
	s.Charged = addMoney(s.Charged, charged)
	if card.Currency != "" {
		s.CardPrice = addMoney(s.CardPrice, card)
	}
	if card.Currency == charged.Currency {
		s.Difference = addMoney(s.Difference, provider.Money{Micros: charged.Micros - card.Micros, Currency: card.Currency})
	}
}

// addMoney adds an amount to the sum in its currency. The sums are in the order of their
// currencies.
func addMoney(sums []provider.Money, m provider.Money) []provider.Money {
	at, found := slices.BinarySearchFunc(sums, m, func(a, b provider.Money) int { return cmp.Compare(a.Currency, b.Currency) })
	if !found {
		return slices.Insert(sums, at, m)
	}
	sums[at].Micros += m.Micros
	return sums
}
