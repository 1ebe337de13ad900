package router

import (
	"slices"
	"sync"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering"
)

// route is a [Route] at work.
type route struct {
	Route
	upstreams []*upstream // of Targets, in their order
	rotation  rotation    // of Weighted
	adaptive  *adaptive   // of AdaptiveOrder; nil for others
}

func newRoute(r Route, byName map[string]*upstream) *route {
	rt := &route{Route: r}
	for i := range r.Targets {
		rt.upstreams = append(rt.upstreams, byName[r.Targets[i].Name])
	}
	rt.rotation.credit = make([]int, len(r.Targets))
	return rt
}

// rotation is whose turn it is on a weighted route.
type rotation struct {
	mu     sync.Mutex
	credit []int // of each target
}

// traits are what routes and breakers look at in a message. Country and network
// are looked up once, when they are first needed.
type traits struct {
	message *provider.Message
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
		t.country = lazy{true, numbering.Region(t.message.To)}
	}
	return t.country.value
}

func (t *traits) networkCode() string {
	if !t.network.known && t.lookup != nil {
		t.network = lazy{true, t.lookup(t.message.To)}
	}
	return t.network.value
}

// takes reports whether the route takes a message.
func (r *route) takes(t *traits) bool {
	match, m := &r.Match, t.message
	return (len(match.Classes) == 0 || hasClass(match.Classes, m.Class)) &&
		(len(match.Senders) == 0 || slices.Contains(match.Senders, m.From)) &&
		(len(match.Tags) == 0 || slices.Contains(match.Tags, m.Tag)) &&
		(len(match.Prefixes) == 0 || slices.ContainsFunc(match.Prefixes, m.To.HasPrefix)) &&
		(len(match.Countries) == 0 || slices.Contains(match.Countries, t.countryCode())) &&
		(len(match.MCCMNC) == 0 || slices.Contains(match.MCCMNC, t.networkCode()))
}

func hasClass(list []provider.Class, c provider.Class) bool {
	if c == "" {
		c = provider.Transactional
	}
	return slices.Contains(list, c) || c == provider.Transactional && slices.Contains(list, "")
}
