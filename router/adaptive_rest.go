package router

import (
	"slices"
	"time"
)

// judge lets providers rest that are worse than another one, and uses those again that
// are not any more, or have rested long enough.
func (a *adaptive) judge(s *scene, now time.Time) (moves []moved) {
	for i := range s.places {
		m := &s.places[i]
		reason, change := "", false
		if m.resting {
			reason, change = a.mayReturn(s, i, now)
		} else if reason = a.mustRest(s, i); reason != "" {
			change = true
		}
		if !change {
			continue
		}
		a.move(m, reason, now)
		moves = append(moves, moved{a.names[i], s.country, a.names[s.first()], reason, m.resting})
	}
	return moves
}

// mustRest says why a provider must rest; "" = it need not. One stays in use, as none is
// worse than itself.
func (a *adaptive) mustRest(s *scene, i int) string {
	for j := range s.places {
		if s.places[j].resting {
			continue
		}
		if reason := a.settings.worse(&s.places[i], &s.places[j], a.names[j], a.settings.MinSample, a.z); reason != "" {
			return reason
		}
	}
	return ""
}

// maxStrikes bounds how much more often a provider that had to rest again and again is
// measured before it is used again: 2 to the power of it.
const maxStrikes = 3

// leastRest is how long a provider rests although the others are no good either.
const leastRest = 20 * time.Minute

// mayReturn says why a provider that rests is used again, if it is.
func (a *adaptive) mayReturn(s *scene, i int, now time.Time) (string, bool) {
	m := &s.places[i]
	if now.Sub(m.since) >= a.settings.MaxRest {
		return "it has rested for " + a.settings.MaxRest.String(), true
	}
	rounds := min(m.strikes-1, maxStrikes)
	if now.Sub(m.since) >= leastRest<<rounds && a.hopeless(s) {
		return "the others deliver less than " + share100(a.settings.Floor), true
	}
	need := float64(a.settings.MinSample << rounds)
	need = min(need, float64(a.settings.Window)/2)
	if m.accepted.all < need || m.reports && m.delivered.all < need { // reports are still to come
		a.restart(s, i)
		return "", false
	}
	for j := range s.places {
		o := &s.places[j]
		if o.resting || o.accepted.all < float64(a.settings.MinSample) {
			continue
		}
		if a.settings.stillWorse(m, o, a.z) {
			a.restart(s, i)
			return "", false
		}
	}
	return "it is no worse than the others any more: " + m.yieldOf(&m.delivered, "delivered", a.z).String(), true
}

// fewest is after how many results a provider that rests is seen to be no better yet.
const fewest = 10

// restart begins to measure a provider anew that rests and is no better yet, so that what
// it does after its recovery is not held against what it did before.
func (a *adaptive) restart(s *scene, i int) {
	for j := range s.places {
		if !s.places[j].resting && a.settings.worse(&s.places[i], &s.places[j], "", fewest, a.z) != "" {
			s.places[i].anew()
			return
		}
	}
}

// hopeless reports whether no provider that is in use delivers what Floor asks for.
func (a *adaptive) hopeless(s *scene) bool {
	for i := range s.places {
		m := &s.places[i]
		if m.resting {
			continue
		}
		_, high := m.delivered.bounds(a.z)
		if m.delivered.all < float64(a.settings.MinSample) || high >= a.settings.Floor {
			return false
		}
	}
	return true
}

// calm is after how long in use earlier rests are forgotten.
const calm = 24 * time.Hour

func (a *adaptive) move(m *measured, reason string, now time.Time) {
	m.resting = !m.resting
	if m.resting {
		if now.Sub(m.since) > calm {
			m.strikes = 0
		}
		m.strikes++
		m.reports = m.delivered.all >= float64(a.settings.MinSample)
		m.anew()
	}
	m.since, m.reason = now, reason
}

// first is the place of the provider that is now first of those in use, in the order of
// the route.
func (s *scene) first() int {
	return max(0, slices.IndexFunc(s.places, func(m measured) bool { return !m.resting }))
}
