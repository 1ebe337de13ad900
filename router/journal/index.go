package journal

import (
	"hash/maphash"
	"slices"

	"github.com/anysms/anysms/provider"
)

// index tells for each key where the lines are that still count: those of its last
// accepted outcome, or the intents and unknown outcomes since its last outcome that
// was refused or not_sent. It takes about 26 bytes a key.
type index struct {
	hash     func(key []byte) (uint64, place)
	places   map[uint64]place   // by the hash of the key
	lists    [][]int64          // of keys with several lines
	free     []int              // lists that are not used
	collided map[string][]int64 // keys that have the hash of another one
}

// place is where a key's line begins (40 bits), or which list it has; a mark that it is
// a list; and 23 bits of a second hash, so that keys with the same hash are told apart.
type place uint64

const (
	placeBits = 40
	listMark  = place(1) << placeBits
	placeMask = listMark - 1
	checkMask = ^(listMark | placeMask)
)

func newIndex() *index {
	first, second := maphash.MakeSeed(), maphash.MakeSeed()
	return &index{
		places:   make(map[uint64]place),
		collided: make(map[string][]int64),
		hash: func(key []byte) (uint64, place) {
			return maphash.Bytes(first, key), place(maphash.Bytes(second, key)) & checkMask
		},
	}
}

// add takes note of a line.
func (x *index) add(key []byte, o provider.Outcome, at int64) {
	hash, check := x.hash(key)
	p, known := x.places[hash]
	if _, apart := x.collided[string(key)]; apart || known && p&checkMask != check {
		x.collided[string(key)] = follow(x.collided[string(key)], o, at)
		return
	}
	one := check | place(at)
	switch {
	case o == provider.OutcomeAccepted, !known && inDoubt(o):
		x.drop(p, known)
		x.places[hash] = one
	case !inDoubt(o):
		x.drop(p, known)
		delete(x.places, hash)
	case p&listMark != 0:
		x.lists[p&placeMask] = append(x.lists[p&placeMask], at)
	default:
		x.places[hash] = check | listMark | x.list(int64(p&placeMask), at)
	}
}

func inDoubt(o provider.Outcome) bool { return o == "" || o == provider.OutcomeUnknown }

// follow is what counts of a key when a line is added.
func follow(lines []int64, o provider.Outcome, at int64) []int64 {
	switch {
	case o == provider.OutcomeAccepted:
		return []int64{at}
	case inDoubt(o):
		return append(lines, at)
	}
	return nil
}

// list keeps lines and returns the number of their list.
func (x *index) list(lines ...int64) place {
	if n := len(x.free); n > 0 {
		list := x.free[n-1]
		x.free, x.lists[list] = x.free[:n-1], lines
		return place(list)
	}
	x.lists = append(x.lists, lines)
	return place(len(x.lists) - 1)
}

func (x *index) drop(p place, known bool) {
	if known && p&listMark != 0 {
		x.lists[p&placeMask] = nil
		x.free = append(x.free, int(p&placeMask))
	}
}

// find returns where the lines of a key begin, in order. The list must not be changed.
func (x *index) find(key []byte) []int64 {
	if lines, apart := x.collided[string(key)]; apart {
		return lines
	}
	hash, check := x.hash(key)
	p, known := x.places[hash]
	switch {
	case !known || p&checkMask != check:
		return nil
	case p&listMark != 0:
		return x.lists[p&placeMask]
	}
	return []int64{int64(p & placeMask)}
}

// all returns where all lines begin that still count, in the order of the file.
func (x *index) all() []int64 {
	all := make([]int64, 0, len(x.places))
	for _, p := range x.places {
		if p&listMark != 0 {
			all = append(all, x.lists[p&placeMask]...)
		} else {
			all = append(all, int64(p&placeMask))
		}
	}
	for _, lines := range x.collided {
		all = append(all, lines...)
	}
	slices.Sort(all)
	return all
}
