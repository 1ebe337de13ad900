package router

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anysms/anysms/provider"
)

// Warning is a warning about a setting.
type Warning struct {
	Path   string `json:"path"` // as in the errors of [New]
	Reason string `json:"reason"`
}

// Warnings lists settings that are allowed but hardly meant, such as routes that
// no message can reach, providers on no route, and reconcile where the vendor
// cannot be asked. It returns nil after Close.
func (r *Router) Warnings() []Warning {
	s := r.setup.Load()
	if s == nil {
		return nil
	}
	list := s.unreachable()
	for i, rt := range s.routes {
		list = append(list, s.routeWarnings(fmt.Sprintf("routes[%d]", i), rt)...)
	}
	return append(list, s.upstreamWarnings()...)
}

// unreachable finds routes behind one that matches all of their messages.
func (s *setup) unreachable() []Warning {
	var list []Warning
	for i, later := range s.routes {
		for j, earlier := range s.routes[:i] {
			if earlier.Match.covers(&later.Match) {
				list = append(list, Warning{fmt.Sprintf("routes[%d]", i), fmt.Sprintf(
					"no message reaches this route: route %q (routes[%d]) comes first and matches all of its messages", earlier.Name, j)})
				break
			}
		}
		if len(later.Match.MCCMNC) > 0 && s.options.Network == nil {
			list = append(list, Warning{fmt.Sprintf("routes[%d].match.mccmnc", i), "no message reaches this route: Options.Network is not set"})
		}
	}
	return list
}

// covers reports whether m matches every message that n matches.
func (m *Match) covers(n *Match) bool {
	return holds(m.Countries, n.Countries) && holds(m.MCCMNC, n.MCCMNC) && holds(m.Senders, n.Senders) && holds(m.Tags, n.Tags) &&
		holds(plainClasses(m.Classes), plainClasses(n.Classes)) && coversPrefixes(m.Prefixes, n.Prefixes)
}

// holds reports whether a list matches all that n matches: it is empty, and so
// matches everything, or has all of n.
func holds[T comparable](m, n []T) bool {
	if len(m) == 0 {
		return true
	}
	return len(n) > 0 && !slices.ContainsFunc(n, func(v T) bool { return !slices.Contains(m, v) })
}

func plainClasses(list []provider.Class) []provider.Class {
	out := slices.Clone(list)
	for i, c := range out {
		if c == "" {
			out[i] = provider.Transactional
		}
	}
	return out
}

func coversPrefixes(m, n []string) bool {
	if len(m) == 0 {
		return true
	}
	covered := func(p string) bool {
		return slices.ContainsFunc(m, func(q string) bool { return strings.HasPrefix(p, q) })
	}
	return len(n) > 0 && !slices.ContainsFunc(n, func(p string) bool { return !covered(p) })
}

func (s *setup) routeWarnings(path string, rt *route) []Warning {
	var list []Warning
	mode := rt.Delivery
	if mode == "" {
		mode = s.options.Delivery
	}
	for i, u := range rt.upstreams {
		t := &rt.Targets[i]
		at := fmt.Sprintf("%s.providers[%d]", path, i)
		if mode == provider.Reconcile && !u.caps.Has(provider.HasFind) {
			list = append(list, Warning{at, u.name + " cannot look up messages: reconcile acts as at_most_once there"})
		}
		if t.Weight > 0 && rt.Strategy != Weighted {
			list = append(list, Warning{at + ".weight", "has no effect under strategy " + string(rt.Strategy)})
		}
		if t.Sender != "" && t.Sender != VendorSender && !u.caps.Has(provider.CanChooseSender) {
			list = append(list, Warning{at + ".sender", u.name + " cannot set the sender"})
		}
	}
	if mode == provider.AtLeastOnce && len(rt.upstreams) == 1 {
		list = append(list, Warning{path + ".providers", "has a single provider: at_least_once has no next one to go on to"})
	}
	return list
}

func (s *setup) upstreamWarnings() []Warning {
	var list []Warning
	for _, u := range s.upstreams {
		path := "providers." + u.name
		if !slices.ContainsFunc(s.routes, func(rt *route) bool { return slices.Contains(rt.upstreams, u) }) {
			list = append(list, Warning{path, "is on no route"})
		}
		if u.settings.Batch > 0 && (!u.caps.Has(provider.HasBatch) || u.caps.MaxBatch < 2) {
			list = append(list, Warning{path + ".batch", "the provider has no batches"})
		}
		if u.settings.Sender != "" && u.settings.Sender != VendorSender && !u.caps.Has(provider.CanChooseSender) {
			list = append(list, Warning{path + ".sender", "the provider cannot set the sender"})
		}
		if u.settings.IgnoreValidity && u.caps.Has(provider.CanSetValidity) {
			list = append(list, Warning{path + ".validity", "has no effect: the provider can limit the validity"})
		}
	}
	return list
}
