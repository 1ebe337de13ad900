package guard

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// MaxKeys is the default size of [Memory].
const MaxKeys = 10_000_000

// Memory counts for one process. It is bounded: each counter, each id of a message and
// each open reservation is a key, and a full one that has nothing to forget returns
// [ErrFull]. A key takes about 100 bytes, so that ten million take about 1 GB.
type Memory struct {
	seeds [2]maphash.Seed
	max   int

	mu       sync.Mutex
	counters map[key]counter
	open     map[key][]share // reservations that are not settled
	due      map[int64][]key // counters, by the minute in which their window ends
	swept    int64           // minutes before this one have been swept
}

// key is the hash of a name, under seeds of this process: nobody can choose names that
// collide.
type key [2]uint64

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

// NewMemory returns counters for at most max keys; 0 = [MaxKeys].
func NewMemory(max int) *Memory {
	if max <= 0 {
		max = MaxKeys
	}
	return &Memory{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, max: max,
		counters: make(map[key]counter), open: make(map[key][]share), due: make(map[int64][]key),
	}
}

func (m *Memory) keyOf(name string) key {
	return key{maphash.String(m.seeds[0], name), maphash.String(m.seeds[1], name)}
}

// idOf keeps the ids of messages apart from the names of counters.
func (m *Memory) idOf(id string) key {
	k := m.keyOf(id)
	return key{^k[0], ^k[1]}
}

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
	m.sweep(at, sweepStep)
	if m.full(len(charges) + 1) {
		m.sweep(at, 1000)
		if m.full(len(charges) + 1) {
			return false, -1, ErrFull
		}
	}
	var room [16]key
	keys := room[:0]
	for i := range charges {
		k := m.keyOf(charges[i].Key)
		keys = append(keys, k)
		m.clamp(k, &charges[i])
		m.read(k, at, &charges[i])
	}
	for i := range charges {
		if c := &charges[i]; c.Level+c.Amount > c.Limit {
			return false, i, nil
		}
	}
	var shares []share
	if id != "" {
		shares = make([]share, 0, len(charges))
	}
	for i := range charges {
		m.add(keys[i], at, &charges[i])
		if id != "" {
			shares = append(shares, share{keys[i], charges[i].Amount, m.counters[keys[i]].ends})
		}
	}
	if id != "" {
		m.open[own] = shares
		m.put(own, counter{0, keep.UnixMicro()})
	}
	return false, -1, nil
}

// holds reports whether there is a reservation of an id.
func (m *Memory) holds(own key, at int64) bool {
	c, ok := m.counters[own]
	return ok && c.ends > at
}

func (m *Memory) full(more int) bool { return len(m.counters)+len(m.open)+more > m.max }

// clamp ends a window that would last longer than one that begins now.
func (m *Memory) clamp(k key, c *Charge) {
	if entry, ok := m.counters[k]; ok && entry.ends > c.Ends.UnixMicro() {
		entry.ends = c.Ends.UnixMicro()
		m.counters[k] = entry
	}
}

// read sets the level of a charge.
func (m *Memory) read(k key, at int64, c *Charge) {
	entry, ok := m.counters[k]
	ends := c.Ends.UnixMicro()
	c.Level, c.Resets = 0, c.Ends
	if !ok || entry.ends <= at {
		return
	}
	c.Level = entry.level
	if entry.ends < ends {
		c.Resets = time.UnixMicro(entry.ends)
	}
}

// add adds a charge that was read.
func (m *Memory) add(k key, at int64, c *Charge) {
	entry, ok := m.counters[k]
	if !ok || entry.ends <= at {
		if c.Amount <= 0 {
			return
		}
		entry = counter{0, c.Ends.UnixMicro()}
	}
	entry.ends = min(entry.ends, c.Ends.UnixMicro())
	if entry.level = max(0, entry.level+c.Amount); entry.level == 0 {
		entry.ends = 0 // the next window begins with the next charge
	}
	c.Level = entry.level
	m.put(k, entry)
}

// put writes an entry, and notes when it can be forgotten.
func (m *Memory) put(k key, entry counter) {
	if _, known := m.counters[k]; !known {
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
	if m.swept == 0 || len(m.due) == 0 {
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
			m.put(k, entry)
			continue
		}
		delete(m.open, k)
	}
}

// Settle implements [Counters].
func (m *Memory) Settle(_ context.Context, id string, now time.Time, spent bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	own := m.idOf(id)
	shares := m.open[own]
	delete(m.open, own)
	if spent || shares == nil || !m.holds(own, now.UnixMicro()) {
		return nil
	}
	for _, s := range shares {
		m.giveBack(s, now.UnixMicro())
	}
	m.put(own, counter{}) // it is free again, and is forgotten with its minute
	return nil
}

// giveBack takes a share out of its counter, if the window is the same: one that was
// opened later ends later.
func (m *Memory) giveBack(s share, at int64) {
	entry, ok := m.counters[s.key]
	if !ok || entry.ends <= at || entry.ends > s.ends {
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
		k := m.keyOf(charges[i].Key)
		m.read(k, at, &charges[i])
		if charges[i].Amount > 0 && m.full(1) {
			return ErrFull
		}
		m.add(k, at, &charges[i])
	}
	return nil
}

// Levels implements [Counters].
func (m *Memory) Levels(_ context.Context, now time.Time, charges []Charge) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range charges {
		m.read(m.keyOf(charges[i].Key), now.UnixMicro(), &charges[i])
	}
	return nil
}
