package router

import (
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
)

// cheapestFirst puts the candidates in the order of what they ask for the whole
// message, each by the segments that it would be sent in. Those without a price,
// or with one that cannot be compared, come last. Of equal ones the healthier
// comes first, then the one that is listed first.
func (s *send) cheapestFirst(cs []candidate) {
	for i := range cs {
		cs[i].cost = s.estimate(&cs[i])
	}
	slices.SortStableFunc(cs, func(x, y candidate) int {
		if order := s.compareCosts(x.cost, y.cost); order != 0 {
			return order
		}
		return s.ailment(&x) - s.ailment(&y)
	})
}

func (s *send) compareCosts(x, y *Cost) int {
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	compare := s.ComparePrices
	if compare == nil {
		compare = provider.Money.Compare
	}
	order, err := compare(x.Money, y.Money)
	if err != nil {
		return 0
	}
	return order
}

// ailment is how far a provider is from healthy.
func (s *send) ailment(c *candidate) int {
	sick := 0
	if !c.line.health.parkedUntil(time.Now()).IsZero() {
		sick++
	}
	switch s.breaker(c).state() {
	case HalfOpen:
		return sick + 2
	case Open:
		return sick + 4
	}
	return sick
}
