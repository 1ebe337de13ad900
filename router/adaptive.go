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
