package router

import (
	"slices"

	"github.com/anysms/anysms/provider"
)

// turn says whether a message takes its turn on a weighted route, or only looks
// whose turn it is.
type turn bool

const (
	peek turn = false
	take turn = true
)

// order puts candidates into the order in which they are tried.
func order(cs []candidate, r *route, m *traits, o *Options, t turn) {
	switch r.Strategy {
	case Weighted:
		r.rotation.order(usableFirst(cs, m), t)
	case LeastCost:
		cheapestFirst(cs, m, o)
	case AdaptiveOrder:
		adaptively(cs, r, m, o, t)
	}
}

// adaptively puts those last that rest, and now and then another one first, so that it
// is measured.
func adaptively(cs []candidate, r *route, m *traits, o *Options, t turn) {
	if o.Adaptive.Base == LeastCost {
		cheapestFirst(cs, m, o)
	}
	if i := r.adaptive.rests(cs, m, t); i > 0 {
		chosen := cs[i]
		copy(cs[1:i+1], cs[:i])
		cs[0] = chosen
	}
}

// usableFirst puts the candidates last that are out for now, and returns the others: the
// turns of those that are out are shared out among them by weight. If all are out, all
// take part.
func usableFirst(cs []candidate, m *traits) []candidate {
	usable := 0
	for i := range cs {
		u := cs[i].upstream
		if cs[i].out = circuitOf(u, m).outOfUse(false) != "" || !u.parkedUntil().IsZero(); !cs[i].out {
			usable++
		}
	}
	if usable == 0 || usable == len(cs) {
		return cs
	}
	slices.SortStableFunc(cs, func(x, y candidate) int { return rank(x.out) - rank(y.out) })
	return cs[:usable]
}

// order puts the candidate whose turn it is first, and the others by the credit
// that is left. Turns are shared out smoothly: with weights 2 and 1 they go a b
// a, not a a b (nginx's algorithm). Only the given candidates take part.
func (r *rotation) order(cs []candidate, t turn) {
	if len(cs) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	total, first := 0, 0
	for i := range cs {
		weight := max(1, cs[i].target.Weight)
		total += weight
		cs[i].credit = r.credit[cs[i].place] + weight
		if cs[i].credit > cs[first].credit {
			first = i
		}
	}
	if t == take {
		for i := range cs {
			r.credit[cs[i].place] = cs[i].credit
		}
		r.credit[cs[first].place] -= total
	}
	slices.SortStableFunc(cs, func(x, y candidate) int { return y.credit - x.credit })
}

// cheapestFirst orders the candidates by the price of the whole message, each
// for the segments that it would be sent in. Those without a price, or with one
// that cannot be compared with the first one listed, come last. Among equal
// prices the healthier provider comes first, then the one listed first.
func cheapestFirst(cs []candidate, m *traits, o *Options) {
	var measure *Cost
	for i := range cs {
		cost := cs[i].estimate(o)
		if measure == nil {
			measure = cost
		}
		if cost == nil {
			continue
		}
		if _, err := o.compare(measure.Money, cost.Money); err == nil {
			cs[i].cost = cost
		}
	}
	slices.SortStableFunc(cs, func(x, y candidate) int {
		if order := o.compareCosts(x.cost, y.cost); order != 0 {
			return order
		}
		return ailment(x.upstream, m) - ailment(y.upstream, m)
	})
}

// compareCosts puts no price last. Prices can be compared: each was compared
// with the first.
func (o *Options) compareCosts(x, y *Cost) int {
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	order, _ := o.compare(x.Money, y.Money)
	return order
}

func (o *Options) compare(x, y provider.Money) (int, error) {
	if o.ComparePrices != nil {
		return o.ComparePrices(x, y)
	}
	return x.Compare(y)
}

// ailment is how far a provider is from healthy.
func ailment(u *upstream, m *traits) int {
	sick := 0
	if !u.parkedUntil().IsZero() {
		sick++
	}
	switch circuitOf(u, m).state() {
	case BreakerHalfOpen:
		return sick + 2
	case BreakerOpen:
		return sick + 4
	}
	return sick
}
