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

// Warnings lists what is allowed in the configuration but surely not meant, such
// as routes that no message can reach, providers on no route, and reconcile where
// nobody can be asked. A closed router has none.
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

// unreachable finds routes behind one that takes everything they take.
func (s *setup) unreachable() []Warning {
	var list []Warning
	for i, later := range s.routes {
		for j, earlier := range s.routes[:i] {
			if earlier.Match.covers(&later.Match) {
				list = append(list, Warning{fmt.Sprintf("routes[%d]", i), fmt.Sprintf(
					"no message gets here: route %q (routes[%d]) stands before it and takes all that it would", earlier.Name, j)})
				break
			}
		}
		if len(later.Match.MCCMNC) > 0 && s.options.Network == nil {
			list = append(list, Warning{fmt.Sprintf("routes[%d].match.mccmnc", i), "no message gets here: nothing looks up networks"})
		}
	}
	return list
}

// covers reports whether every message that n takes is taken by m.
func (m *Match) covers(n *Match) bool {
	return holds(m.Countries, n.Countries) && holds(m.MCCMNC, n.MCCMNC) && holds(m.Senders, n.Senders) && holds(m.Tags, n.Tags) &&
		holds(plainClasses(m.Classes), plainClasses(n.Classes)) && coversPrefixes(m.Prefixes, n.Prefixes)
}

// holds reports whether a list that is empty, and so takes everything, or that
// has all of n, takes all that n does.
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
			list = append(list, Warning{at, u.name + " cannot be asked for a message, so that reconcile is at_most_once there"})
		}
		if t.Weight > 0 && rt.Strategy != Weighted {
			list = append(list, Warning{at + ".weight", "has no effect under strategy " + string(rt.Strategy)})
		}
		if t.Sender != "" && t.Sender != VendorSender && !u.caps.Has(provider.CanChooseSender) {
			list = append(list, Warning{at + ".sender", u.name + " cannot choose the sender"})
		}
	}
	if mode == provider.AtLeastOnce && len(rt.upstreams) == 1 {
		list = append(list, Warning{path + ".providers", "is a single provider, so that at_least_once has nobody to go on to"})
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
			list = append(list, Warning{path + ".batch", "it has no batches"})
		}
		if u.settings.Sender != "" && u.settings.Sender != VendorSender && !u.caps.Has(provider.CanChooseSender) {
			list = append(list, Warning{path + ".sender", "it cannot choose the sender"})
		}
		if u.settings.IgnoreValidity && u.caps.Has(provider.CanSetValidity) {
			list = append(list, Warning{path + ".validity", "has no effect: it can bound the validity"})
		}
	}
	return list
}
