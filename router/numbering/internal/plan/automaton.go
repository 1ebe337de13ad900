package plan

import (
	"encoding/binary"
	"errors"
	"regexp/syntax"
	"slices"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

var errNoMetadata = errors.New("plan: a region without metadata")

// collection is read once: phonenumbers' own cache is not safe for concurrent
// use.
var collection = sync.OnceValues(phonenumbers.MetadataCollection)

// maxStates bounds an automaton. The largest real one has a few thousand states.
const maxStates = 1 << 16

// automaton matches all patterns of a calling code in one walk.
type automaton struct {
	regions  []region
	national int    // the pattern of national prefixes, -1 = none
	possible uint32 // lengths that are possible
	local    uint32 // lengths that are possible within an area alone

	next     [][10]int32              // by state and digit; state 0 matches nothing any more
	accepts  []int32                  // by state: an index into verdicts
	verdicts [][maxNational + 1]Match // by what has matched, and the length
}

const dead, start = 0, 1

func (a *automaton) match(national []byte) Match {
	state := int32(start)
	for _, digit := range national {
		state = a.next[state][digit]
	}
	return a.verdicts[a.accepts[state]][len(national)]
}

// A thread is one place in one pattern's program. A prefix pattern that has
// matched goes on as {pattern, matched}, whatever digits follow.
type thread struct{ pattern, pc int32 }

const matched = -1

// builder is the subset construction.
type builder struct {
	patterns []pattern
	states   map[string]int32 // set of threads → state
	sets     [][]thread
	failed   bool
}

// build fills in the tables. It reports false if a pattern has something other
// than digits, or the automaton grows too large.
func (a *automaton) build(patterns []pattern) bool {
	b := &builder{patterns: patterns, states: make(map[string]int32)}
	b.state(nil)
	var first []thread
	for p := range patterns {
		first = b.follow(first, thread{int32(p), int32(patterns[p].prog.Start)}, true)
	}
	b.state(first)
	seen := make(map[string]int32) // what has matched → index of its verdicts
	for s := 0; s < len(b.sets); s++ {
		var row [10]int32
		for digit := range row {
			row[digit] = b.state(b.step(b.sets[s], rune('0'+digit)))
		}
		a.next = append(a.next, row)
		done := b.done(b.sets[s])
		index, ok := seen[string(done)]
		if !ok {
			index = int32(len(a.verdicts))
			seen[string(done)] = index
			a.verdicts = append(a.verdicts, a.judge(patterns, done))
		}
		a.accepts = append(a.accepts, index)
		if b.failed || len(b.sets) > maxStates {
			return false
		}
	}
	return true
}

// state numbers a set of threads.
func (b *builder) state(set []thread) int32 {
	slices.SortFunc(set, func(x, y thread) int {
		if x.pattern != y.pattern {
			return int(x.pattern - y.pattern)
		}
		return int(x.pc - y.pc)
	})
	set = slices.Compact(set)
	key := make([]byte, 0, 4*len(set))
	for _, t := range set {
		key = binary.LittleEndian.AppendUint16(key, uint16(t.pattern))
		key = binary.LittleEndian.AppendUint16(key, uint16(t.pc))
	}
	if s, ok := b.states[string(key)]; ok {
		return s
	}
	s := int32(len(b.sets))
	b.states[string(key)] = s
	b.sets = append(b.sets, set)
	return s
}

// step moves every thread over a digit.
func (b *builder) step(set []thread, digit rune) []thread {
	var next []thread
	for _, t := range set {
		if t.pc == matched {
			next = append(next, t)
			continue
		}
		inst := &b.patterns[t.pattern].prog.Inst[t.pc]
		if isRune(inst) && inst.MatchRune(digit) {
			next = b.follow(next, thread{t.pattern, int32(inst.Out)}, false)
		}
	}
	return next
}

func isRune(inst *syntax.Inst) bool {
	switch inst.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}

// follow adds a thread and all it reaches without a digit. A prefix pattern that
// matches the empty string has not taken anything from a number: that does not
// count.
func (b *builder) follow(set []thread, t thread, atStart bool) []thread {
	inst := &b.patterns[t.pattern].prog.Inst[t.pc]
	if slices.Contains(set, t) {
		return set
	}
	switch inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		set = b.follow(set, thread{t.pattern, int32(inst.Out)}, atStart)
		return b.follow(set, thread{t.pattern, int32(inst.Arg)}, atStart)
	case syntax.InstCapture, syntax.InstNop:
		return b.follow(set, thread{t.pattern, int32(inst.Out)}, atStart)
	case syntax.InstEmptyWidth:
		if !b.patterns[t.pattern].prefix {
			b.failed = true
		}
		// To take an assertion in a prefix for granted makes Prefixed true a
		// little too often.
		return b.follow(set, thread{t.pattern, int32(inst.Out)}, atStart)
	case syntax.InstMatch:
		if b.patterns[t.pattern].prefix {
			if atStart {
				return set
			}
			return append(set, thread{t.pattern, matched})
		}
	}
	return append(set, t)
}

// done lists the patterns that have matched, one byte pair each.
func (b *builder) done(set []thread) []byte {
	var key []byte
	for _, t := range set {
		if t.pc == matched || b.patterns[t.pattern].prog.Inst[t.pc].Op == syntax.InstMatch {
			key = binary.LittleEndian.AppendUint16(key, uint16(t.pattern))
		}
	}
	return key
}

// judge prepares the verdicts for numbers of every length that end where the
// patterns of done have matched.
func (a *automaton) judge(patterns []pattern, done []byte) (v [maxNational + 1]Match) {
	has := make([]bool, len(patterns))
	for ; len(done) > 0; done = done[2:] {
		has[binary.LittleEndian.Uint16(done)] = true
	}
	for length := range v {
		matches := func(p int) bool {
			return has[p] && (patterns[p].lengths == 0 || patterns[p].lengths>>length&1 != 0)
		}
		v[length] = a.verdict(matches)
		v[length].Prefixed = a.national >= 0 && has[a.national]
		v[length].Possible = a.possible>>length&1 != 0 && a.local>>length&1 == 0
	}
	return v
}

// verdict follows phonenumbers: the region first, then the type within it.
func (a *automaton) verdict(matches func(pattern int) bool) Match {
	if len(a.regions) == 1 {
		t := a.regions[0].typeOf(matches)
		return Match{Valid: t != phonenumbers.UNKNOWN, Type: t, Region: a.regions[0].name}
	}
	for i := range a.regions {
		r := &a.regions[i]
		t := r.typeOf(matches)
		if r.leading >= 0 && matches(r.leading) || r.leading < 0 && t != phonenumbers.UNKNOWN {
			return Match{Valid: t != phonenumbers.UNKNOWN, Type: t, Region: r.name}
		}
	}
	return Match{Type: phonenumbers.UNKNOWN}
}

func (r *region) typeOf(matches func(pattern int) bool) phonenumbers.PhoneNumberType {
	if !matches(r.general) {
		return phonenumbers.UNKNOWN
	}
	for _, k := range r.kinds {
		if matches(k.pattern) {
			return k.is
		}
	}
	switch fixed := matches(r.fixed); {
	case fixed && (r.sameAsFixed || matches(r.mobile)):
		return phonenumbers.FIXED_LINE_OR_MOBILE
	case fixed:
		return phonenumbers.FIXED_LINE
	case !r.sameAsFixed && matches(r.mobile):
		return phonenumbers.MOBILE
	}
	return phonenumbers.UNKNOWN
}
