package router

import (
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/anysms/anysms/provider"
)

// adaptive is what a route with strategy [AdaptiveOrder] has learned. It outlives a
// reload that leaves the route as it was.
type adaptive struct {
	settings Adaptive
	z        float64
	names    []string // of the targets

	mu     sync.Mutex
	scenes map[string]*scene // by country: at most as many as there are
	sent   []sentMessage     // what reports are matched with; nil until something was sent
}

// scene is what a route knows of its providers in one country. The adaptive's mutex
// guards it.
type scene struct {
	country string
	places  []measured // of the targets
	turns   int        // messages since one was sent to measure
	chosen  int        // how often one was sent to measure
}

// moved is a change of a route's order.
type moved struct {
	provider, country, next, reason string
	rests                           bool
}

// sentMessage remembers what a report will be about. A newer message takes the place of
// an older one with the same remainder, so that the memory is bounded; the report on the
// older one is then not counted.
type sentMessage struct {
	hash  uint64 // of provider and id; 0 = none
	scene *scene
	place int32
	round uint32
}

// sentSlots is how many messages wait for their reports at most.
const sentSlots = 1 << 15

var hashSeed = maphash.MakeSeed()

func newAdaptive(r *Route, settings Adaptive) *adaptive {
	a := &adaptive{settings: settings, z: zOf(settings.Confidence), scenes: make(map[string]*scene)}
	for i := range r.Targets {
		a.names = append(a.names, r.Targets[i].Name)
	}
	return a
}

// sameAs reports whether another one learns the same things in the same way.
func (a *adaptive) sameAs(b *adaptive) bool {
	return a.settings == b.settings && slices.Equal(a.names, b.names)
}

func (a *adaptive) sceneOf(country string) *scene {
	s := a.scenes[country]
	if s == nil {
		s = &scene{country: country, places: make([]measured, len(a.names))}
		a.scenes[country] = s
	}
	return s
}

// rests notes which candidates rest. If one of the others' turns to be measured has
// come, it returns its place among them; else 0.
func (a *adaptive) rests(cs []candidate, t *traits, tn turn) (measure int) {
	country := t.countryCode()
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.scenes[country]
	if s == nil && tn == take {
		s = a.sceneOf(country)
	}
	for i := range cs {
		cs[i].out = s != nil && s.places[cs[i].place].resting
	}
	slices.SortStableFunc(cs, func(x, y candidate) int { return rank(x.out) - rank(y.out) })
	if tn == peek || len(cs) < 2 {
		return 0
	}
	if s.turns++; float64(s.turns)*a.settings.Explore < 1 {
		return 0
	}
	s.turns = 0
	return s.measure(cs, t)
}

// measure chooses a candidate after the first to be measured: in turns the next one, and
// of those that rest, else of all, the one that is known least; 0 = none is usable.
func (s *scene) measure(cs []candidate, t *traits) (chosen int) {
	s.chosen++
	if next := 1 + s.chosen/2%(len(cs)-1); s.chosen%2 == 0 && usable(&cs[next], t) {
		return next
	}
	for i := 1; i < len(cs); i++ {
		if usable(&cs[i], t) && (chosen == 0 || s.before(&cs[i], &cs[chosen])) {
			chosen = i
		}
	}
	return chosen
}

// before reports whether it is more useful to measure one candidate than another.
func (s *scene) before(x, y *candidate) bool {
	p, q := &s.places[x.place], &s.places[y.place]
	if p.resting != q.resting {
		return p.resting
	}
	return p.accepted.all < q.accepted.all
}

// rank orders false before true.
func rank(last bool) int {
	if last {
		return 1
	}
	return 0
}

// usable reports whether a candidate is not out for now.
func usable(c *candidate, t *traits) bool {
	return circuitOf(c.upstream, t).outOfUse(false) == "" && c.upstream.parkedUntil().IsZero()
}

// attempted counts an attempt, and remembers what was accepted for its reports.
func (a *adaptive) attempted(place int, country string, good bool, took time.Duration, id string) []moved {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.sceneOf(country)
	m := &s.places[place]
	m.passTime(now, a.settings.HalfLife)
	m.addAttempt(good, took, a.window())
	if good {
		if a.sent == nil {
			a.sent = make([]sentMessage, sentSlots)
		}
		hash := a.hash(place, id)
		a.sent[hash%sentSlots] = sentMessage{hash, s, int32(place), m.round}
	}
	return a.judge(s, now)
}

// reported counts a final report on a message that was sent, once.
func (a *adaptive) reported(name, id string, good bool) []moved {
	place := slices.Index(a.names, name)
	if place < 0 {
		return nil
	}
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sent == nil {
		return nil
	}
	hash := a.hash(place, id)
	slot := &a.sent[hash%sentSlots]
	if slot.hash != hash {
		return nil
	}
	s, round := slot.scene, slot.round
	*slot = sentMessage{}
	m := &s.places[place]
	if m.round != round {
		return nil
	}
	m.passTime(now, a.settings.HalfLife)
	m.addReport(good, a.window())
	return a.judge(s, now)
}

// converted counts a one-time code that was verified, or was not.
func (a *adaptive) converted(name, country string, verified bool) []moved {
	place := slices.Index(a.names, name)
	if place < 0 {
		return nil
	}
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.scenes[country]
	if s == nil {
		return nil
	}
	m := &s.places[place]
	m.passTime(now, a.settings.HalfLife)
	m.addCode(verified, a.window())
	return a.judge(s, now)
}

// warm begins with what was measured before, where nothing is known yet.
func (a *adaptive) warm(samples []Sample) (moves []moved) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	touched := make(map[*scene]bool)
	for i := range samples {
		p := &samples[i]
		place := slices.Index(a.names, p.Provider)
		if place < 0 {
			continue
		}
		s := a.sceneOf(p.Country)
		if m := &s.places[place]; m.at.IsZero() {
			m.at, m.seconds = now, p.Latency.Seconds()
			m.accepted = a.tallyOf(p.Accepted, p.Accepted+p.Failed)
			m.delivered = a.tallyOf(p.Delivered, p.Delivered+p.Undelivered)
			touched[s] = true
		}
	}
	for s := range touched {
		moves = append(moves, a.judge(s, now)...)
	}
	return moves
}

// tallyOf is a tally of counts, with no more weight than the window has.
func (a *adaptive) tallyOf(good, all int) tally {
	t := tally{float64(good), float64(all)}
	t.fade(min(1, a.window()/t.all))
	return t
}

// window is how many results count.
func (a *adaptive) window() float64 { return float64(a.settings.Window) }

func (a *adaptive) hash(place int, id string) uint64 {
	return max(1, maphash.String(hashSeed, id)+uint64(place)*0x9e3779b97f4a7c15)
}

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
	need = min(need, a.window()/2)
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

// qualities lists what was measured.
func (a *adaptive) qualities(route string) (list []Quality) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, country := range slices.Sorted(maps.Keys(a.scenes)) {
		for i := range a.names {
			list = append(list, a.scenes[country].places[i].quality(route, a.names[i], country))
		}
	}
	return list
}

// qualityOf is what was measured of one place; nil = nothing.
func (a *adaptive) qualityOf(route, country string, place int) *Quality {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.scenes[country]
	if s == nil || s.places[place].at.IsZero() {
		return nil
	}
	q := s.places[place].quality(route, a.names[place], country)
	return &q
}

// counted says whether an attempt shows something of its provider, and what. Refusals
// that are the message's own fault do not; those of a provider that cannot carry it do.
func counted(e evidence, code provider.Code) (good, counts bool) {
	switch e {
	case success:
		return true, true
	case failure, localFailure, accountFailure:
		return false, true
	case refusal:
		return false, ruleFor(code).next == always
	}
	return false, false
}
