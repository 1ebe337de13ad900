package router

import (
	"slices"
	"sync"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering"
)

// route is a Route ready for use.
type route struct {
	Route
	lines   []*line // of Targets, in their order
	balance balance
}

func newRoute(r Route, byName map[string]*line) *route {
	rt := &route{Route: r}
	for i := range r.Targets {
		rt.lines = append(rt.lines, byName[r.Targets[i].Name])
	}
	rt.balance.credit = make([]int, len(r.Targets))
	return rt
}

// traits are what routes look at in a message. Country and network are looked
// up once, and only if somebody asks.
type traits struct {
	m       *provider.Message
	lookup  func(e164.Number) string // Options.Network
	country lazy
	network lazy
}

type lazy struct {
	known bool
	value string
}

func (t *traits) countryCode() string {
	if !t.country.known {
		t.country = lazy{true, numbering.Region(t.m.To)}
	}
	return t.country.value
}

func (t *traits) networkCode() string {
	if !t.network.known && t.lookup != nil {
		t.network = lazy{true, t.lookup(t.m.To)}
	}
	return t.network.value
}

// takes reports whether the route takes a message.
func (r *route) takes(t *traits) bool {
	m := &r.Match
	return (len(m.Classes) == 0 || hasClass(m.Classes, t.m.Class)) &&
		(len(m.Senders) == 0 || slices.Contains(m.Senders, t.m.From)) &&
		(len(m.Tags) == 0 || slices.Contains(m.Tags, t.m.Tag)) &&
		(len(m.Prefixes) == 0 || slices.ContainsFunc(m.Prefixes, t.m.To.HasPrefix)) &&
		(len(m.Countries) == 0 || slices.Contains(m.Countries, t.countryCode())) &&
		(len(m.MCCMNC) == 0 || slices.Contains(m.MCCMNC, t.networkCode()))
}

func hasClass(list []provider.Class, c provider.Class) bool {
	if c == "" {
		c = provider.Transactional
	}
	return slices.Contains(list, c) || c == provider.Transactional && slices.Contains(list, "")
}

// balance shares messages out by weight, smoothly: with weights 2 and 1 the
// turns are a b a, not a a b. The algorithm is that of nginx.
type balance struct {
	mu     sync.Mutex
	credit []int
}

// order puts the candidates in the order of trial: whose turn it is first, then
// by the credit that is left. Only those present take part. The turn counts only
// if it is taken.
func (b *balance) order(cs []candidate, take bool) {
	if len(cs) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	total, first := 0, 0
	for i := range cs {
		total += cs[i].weight()
		cs[i].credit = b.credit[cs[i].place] + cs[i].weight()
		if cs[i].credit > cs[first].credit {
			first = i
		}
	}
	if take {
		for i := range cs {
			b.credit[cs[i].place] = cs[i].credit
		}
		b.credit[cs[first].place] -= total
	}
	slices.SortStableFunc(cs, func(x, y candidate) int { return y.credit - x.credit })
}
