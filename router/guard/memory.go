package guard

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// DefaultMemoryMax is the default size of [Memory].
const DefaultMemoryMax = 10_000_000

// Memory counts for one process. It is bounded: each counter, each id of a message and
// each open reservation is a key, and a full one that has nothing to forget returns
// [ErrFull]. A counter takes about 55 bytes, so that ten million take about 550 MB;
// a reservation of a message with an id takes more until it is settled.
type Memory struct {
	seed maphash.Seed
	max  int

	mu       sync.Mutex
	counters map[key]counter
	open     map[key][]share // reservations that are not settled
	due      map[int64][]key // counters, by the minute in which their window ends
	swept    int64           // minutes before this one have been swept
}

// key is the hash of a name, under a seed of this process: nobody can choose names that
// collide, and among ten million names two do with a probability of 0.0003 %. They would
// then share a counter.
type key uint64

// counter is a level, until its window ends.
type counter struct {
	level int64
	ends  int64 // Unix microseconds
}

// share is what a reservation has added to a counter.
type share struct {
	key    key
	amount int64
	ends   int64 // of the counter's window
}

var _ Counters = (*Memory)(nil)

// NewMemory returns counters for at most so many keys; 0 = [DefaultMemoryMax].
func NewMemory(most int) *Memory {
	if most <= 0 {
		most = DefaultMemoryMax
	}
	return &Memory{
		seed: maphash.MakeSeed(), max: most,
		counters: make(map[key]counter), open: make(map[key][]share), due: make(map[int64][]key),
	}
}

func (m *Memory) keyOf(name string) key { return key(maphash.String(m.seed, name)) }

// idOf keeps the ids of messages apart from the names of counters.
func (m *Memory) idOf(id string) key { return ^m.keyOf(id) }

const (
	perMinute  = int64(time.Minute / time.Microsecond)
	sweepStep  = 16  // keys that one call forgets, more than it adds
	minuteStep = 240 // minutes that one call looks at
)

// Len returns how many keys there are.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.counters) + len(m.open)
}

// Reserve implements [Counters].
func (m *Memory) Reserve(_ context.Context, id string, now, keep time.Time, charges []Charge) (held bool, over int, err error) {
	var own key
	at := now.UnixMicro()
	m.mu.Lock()
	defer m.mu.Unlock()
	if id != "" {
		own = m.idOf(id)
		if m.holds(own, at) {
			return true, -1, nil
		}
	}
	more := len(charges)
	if id != "" {
		more += 2 // the id, and what would be returned
	}
	m.sweep(at, sweepStep)
	if m.full(more) {
		m.sweep(at, 1000)
		if m.full(more) {
			return false, -1, ErrFull
		}
	}
	var room [16]slot
	slots := room[:0]
	over = -1
	for i := range charges {
		s := m.find(at, &charges[i])
		if over < 0 && charges[i].Level+charges[i].Amount > charges[i].Limit {
			over = i
		}
		slots = append(slots, s)
	}
	if over >= 0 {
		for _, s := range slots {
			if s.clamped {
				m.put(s.key, s.counter, true)
			}
		}
		return false, over, nil
	}
	for i := range charges {
		m.add(&slots[i], &charges[i])
	}
	if id != "" {
		m.remember(own, keep, slots, charges)
	}
	return false, -1, nil
}

// remember writes down a reservation.
func (m *Memory) remember(own key, keep time.Time, slots []slot, charges []Charge) {
	shares := make([]share, len(slots))
	for i, s := range slots {
		shares[i] = share{s.key, charges[i].Amount, s.ends}
	}
	m.open[own] = shares
	_, known := m.counters[own]
	m.put(own, counter{0, keep.UnixMicro()}, known)
}

// holds reports whether there is a reservation of an id.
func (m *Memory) holds(own key, at int64) bool {
	c, ok := m.counters[own]
	return ok && c.ends > at
}

func (m *Memory) full(more int) bool { return len(m.counters)+len(m.open)+more > m.max }

// slot is the counter of a charge.
type slot struct {
	counter
	key     key
	known   bool // there is an entry
	clamped bool // its window would have lasted longer than one that begins now
}

// find looks up a charge's counter and sets the charge's level.
func (m *Memory) find(at int64, c *Charge) slot {
	s := slot{key: m.keyOf(c.Key)}
	s.counter, s.known = m.counters[s.key]
	ends := c.Ends.UnixMicro()
	c.Level, c.Resets = 0, c.Ends
	switch {
	case s.ends <= at:
		s.counter = counter{0, ends}
	case s.ends > ends:
		s.ends, s.clamped = ends, true
	case s.ends < ends:
		c.Resets = time.UnixMicro(s.ends)
	}
	c.Level = s.level
	return s
}

// add adds a charge to the counter that was found for it.
func (m *Memory) add(s *slot, c *Charge) {
	if s.level = max(0, s.level+c.Amount); s.level == 0 {
		s.ends = 0 // the next window begins with the next charge
	}
	c.Level = s.level
	if s.known || s.level > 0 {
		m.put(s.key, s.counter, s.known)
	}
}

// put writes an entry; a new one is noted, to be forgotten in time.
func (m *Memory) put(k key, entry counter, known bool) {
	if !known {
		minute := entry.ends/perMinute + 1
		m.due[minute] = append(m.due[minute], k)
		if minute < m.swept { // a clock has gone back
			m.swept = minute
		}
	}
	m.counters[k] = entry
}

// sweep forgets up to n entries whose window has ended.
func (m *Memory) sweep(at int64, n int) {
	now := at / perMinute
	if len(m.due) == 0 {
		m.swept = now
		return
	}
	for minute, end := m.swept, m.swept+minuteStep; minute <= now && minute < end && n > 0; {
		list := m.due[minute]
		if len(list) == 0 {
			delete(m.due, minute)
			minute++
			m.swept = minute
			continue
		}
		n--
		k := list[len(list)-1]
		m.due[minute] = list[:len(list)-1]
		entry := m.counters[k]
		delete(m.counters, k)
		if entry.ends > at { // its window has begun anew meanwhile
			m.put(k, entry, false)
			continue
		}
		delete(m.open, k)
	}
}

// Return implements [Counters].
func (m *Memory) Return(_ context.Context, id string, now time.Time) error {
	at := now.UnixMicro()
	m.mu.Lock()
	defer m.mu.Unlock()
	own := m.idOf(id)
	shares := m.open[own]
	if shares == nil || !m.holds(own, at) {
		return nil
	}
	delete(m.open, own)
	for _, s := range shares {
		m.giveBack(s, at)
	}
	m.put(own, counter{}, true) // it is free again, and is forgotten with its minute
	return nil
}

// spent says that a reservation will not be returned any more, which saves memory.
func (m *Memory) spent(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, m.idOf(id))
}

// giveBack takes a share out of its counter, if the window is the same: one that was
// opened later ends later.
func (m *Memory) giveBack(s share, at int64) {
	entry := m.counters[s.key]
	if entry.ends <= at || entry.ends > s.ends { // there is none, it is over, or it is another
		return
	}
	if entry.level = max(0, entry.level-s.amount); entry.level == 0 {
		entry.ends = 0
	}
	m.counters[s.key] = entry
}

// Add implements [Counters].
func (m *Memory) Add(_ context.Context, now time.Time, charges []Charge) error {
	at := now.UnixMicro()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(at, sweepStep)
	for i := range charges {
		c := &charges[i]
		if c.Amount > 0 && m.full(1) {
			return ErrFull
		}
		slot := m.find(at, c)
		m.add(&slot, c)
	}
	return nil
}

// Levels implements [Counters].
func (m *Memory) Levels(_ context.Context, now time.Time, charges []Charge) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range charges {
		m.find(now.UnixMicro(), &charges[i])
	}
	return nil
}
