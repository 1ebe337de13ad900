package router

import (
	"slices"
	"time"

	"github.com/anysms/anysms/provider"
)

// cheapestFirst puts the candidates in the order of what they ask for the whole
// message, each by the segments that it would be sent in. Those without a price,
// or with one that cannot be compared with the first one listed, come last. Of equal ones the healthier
// comes first, then the one that is listed first.
func (s *send) cheapestFirst(cs []candidate) {
	var measure *Cost
	for i := range cs {
		cost := s.estimate(&cs[i])
		if measure == nil {
			measure = cost
		}
		if cost != nil && s.canCompare(measure, cost) {
			cs[i].cost = cost
		}
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
	order, _ := s.compare(x.Money, y.Money) // it can be: each was compared with the first
	return order
}

func (s *send) canCompare(x, y *Cost) bool {
	_, err := s.compare(x.Money, y.Money)
	return err == nil
}

func (s *send) compare(x, y provider.Money) (int, error) {
	if s.ComparePrices != nil {
		return s.ComparePrices(x, y)
	}
	return x.Compare(y)
}

// ailment is how far a provider is from healthy.
func (s *send) ailment(c *candidate) int {
	sick := 0
	if !c.line.health.parkedUntil(time.Now()).IsZero() {
		sick++
	}
	switch s.breaker(c).state() {
	case BreakerHalfOpen:
		return sick + 2
	case BreakerOpen:
		return sick + 4
	}
	return sick
}
