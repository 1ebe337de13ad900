// Package countertest has the tests that every guard.Counters must pass.
package countertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/guard"
)

// Start is the time at which the tests begin: counters must go by the times that they
// are given, not by their own clock.
var Start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// Run tests counters. open returns empty ones, which the test then has for itself.
func Run(t *testing.T, open func(t *testing.T) guard.Counters) {
	for name, test := range map[string]func(*lab){
		"a limit is kept":                       testLimit,
		"all charges or none":                   testAllOrNone,
		"an id is charged once":                 testOnce,
		"an id is forgotten":                    testForgotten,
		"what was not sent is returned":         testReturned,
		"what is returned goes to its window":   testOtherWindow,
		"without an id":                         testNoID,
		"a level never falls below zero":        testFloor,
		"names are bytes":                       testNames,
		"a clock that goes back":                testBack,
		"levels change nothing":                 testLevels,
		"many at the same time stay in a limit": testRace,
		"as the oracle counts":                  testOracle,
	} {
		t.Run(name, func(t *testing.T) { test(&lab{T: t, Counters: open(t)}) })
	}
}

type lab struct {
	*testing.T
	guard.Counters
}

// at is a moment some seconds after the start.
func at(seconds int) time.Time { return Start.Add(time.Duration(seconds) * time.Second) }

// one is a charge of 1 in a window of a minute.
func one(key string, now time.Time, limit int64) guard.Charge {
	return guard.Charge{Key: key, Amount: 1, Limit: limit, Ends: now.Add(time.Minute)}
}

func (l *lab) reserve(id string, now time.Time, charges ...guard.Charge) (held bool, over int) {
	l.Helper()
	held, over, err := l.Reserve(l.Context(), id, now, now.Add(time.Hour), charges)
	require.NoError(l, err)
	return held, over
}

func (l *lab) giveBack(id string, now time.Time) {
	l.Helper()
	require.NoError(l, l.Return(l.Context(), id, now))
}

func (l *lab) level(key string, now time.Time) int64 {
	l.Helper()
	list := []guard.Charge{one(key, now, 0)}
	require.NoError(l, l.Levels(l.Context(), now, list))
	return list[0].Level
}

func testLimit(l *lab) {
	for i := range 3 {
		list := []guard.Charge{one("a", at(i), 3)}
		_, over, err := l.Reserve(l.Context(), "", at(i), at(3600), list)
		require.NoError(l, err)
		assert.Equal(l, -1, over)
		assert.Equal(l, int64(i+1), list[0].Level)
	}
	list := []guard.Charge{one("a", at(10), 3)}
	_, over, err := l.Reserve(l.Context(), "", at(10), at(3600), list)
	require.NoError(l, err)
	assert.Equal(l, 0, over)
	assert.Equal(l, int64(3), list[0].Level)
	assert.True(l, at(60).Equal(list[0].Resets), "the window began with the first charge: %s", list[0].Resets)
	_, over = l.reserve("", at(60), one("a", at(60), 3))
	assert.Equal(l, -1, over, "a new window")
	assert.Equal(l, int64(1), l.level("a", at(60)))
}

func testAllOrNone(l *lab) {
	_, over := l.reserve("m1", at(0), one("a", at(0), 5), one("b", at(0), 0), one("c", at(0), 5))
	assert.Equal(l, 1, over)
	assert.Zero(l, l.level("a", at(0)))
	assert.Zero(l, l.level("c", at(0)))
	held, over := l.reserve("m1", at(0), one("a", at(0), 5), one("c", at(0), 5))
	assert.False(l, held, "what was refused is not remembered")
	assert.Equal(l, -1, over)
	_, over = l.reserve("m2", at(0), one("d", at(0), 0), one("a", at(0), 5), one("e", at(0), 0))
	assert.Equal(l, 0, over, "the first of two that would be exceeded")
}

func testOnce(l *lab) {
	l.reserve("m1", at(0), one("a", at(0), 1))
	held, over := l.reserve("m1", at(1), one("a", at(1), 1))
	assert.True(l, held)
	assert.Equal(l, -1, over, "although the limit is reached")
	assert.Equal(l, int64(1), l.level("a", at(1)))
	_, over = l.reserve("m2", at(1), one("a", at(1), 1))
	assert.Equal(l, 0, over)
}

func testForgotten(l *lab) {
	l.reserve("m1", at(0), one("a", at(0), 9))
	held, _ := l.reserve("m1", at(3599), one("a", at(3599), 9))
	assert.True(l, held)
	l.reserve("m2", at(0), guard.Charge{Key: "b", Amount: 1, Limit: 9, Ends: at(7200)})
	l.giveBack("m2", at(3600))
	assert.Equal(l, int64(1), l.level("b", at(3600)), "what is not remembered is not returned")
	held, _ = l.reserve("m1", at(3600), one("a", at(3600), 9))
	assert.False(l, held, "it is remembered until then, and no longer")
}

func testReturned(l *lab) {
	l.reserve("m1", at(0), one("a", at(0), 9), guard.Charge{Key: "b", Amount: 40, Limit: 90, Ends: at(60)})
	l.reserve("m2", at(0), guard.Charge{Key: "b", Amount: 5, Limit: 90, Ends: at(60)})
	l.giveBack("m1", at(1))
	assert.Zero(l, l.level("a", at(1)))
	assert.Equal(l, int64(5), l.level("b", at(1)))
	l.giveBack("m1", at(1))
	assert.Equal(l, int64(5), l.level("b", at(1)), "once")
	held, over := l.reserve("m1", at(2), one("a", at(2), 1))
	assert.False(l, held, "its id is free again")
	assert.Equal(l, -1, over)
	assert.Equal(l, int64(1), l.level("a", at(61)), "an empty counter begins a new window with its next charge")
	l.giveBack("nobody", at(2))
}

func testOtherWindow(l *lab) {
	l.reserve("m1", at(0), one("a", at(0), 9))
	l.reserve("m2", at(70), one("a", at(70), 9))
	l.giveBack("m1", at(71))
	assert.Equal(l, int64(1), l.level("a", at(71)), "the window of m1 is over")
}

func testNoID(l *lab) {
	for range 2 {
		held, over := l.reserve("", at(0), one("a", at(0), 2))
		assert.False(l, held)
		assert.Equal(l, -1, over)
	}
	l.giveBack("", at(0))
	assert.Equal(l, int64(2), l.level("a", at(0)))
	list := []guard.Charge{{Key: "a", Amount: -1, Ends: at(61)}, {Key: "b", Amount: 7, Ends: at(61)}}
	require.NoError(l, l.Add(l.Context(), at(1), list))
	assert.Equal(l, []int64{1, 7}, []int64{list[0].Level, list[1].Level})
	assert.True(l, at(60).Equal(list[0].Resets), "the window that is open: %s", list[0].Resets)
	assert.Equal(l, int64(1), l.level("a", at(1)))
}

func testFloor(l *lab) {
	require.NoError(l, l.Add(l.Context(), at(0), []guard.Charge{{Key: "a", Amount: -7, Ends: at(60)}}))
	assert.Zero(l, l.level("a", at(0)))
	require.NoError(l, l.Add(l.Context(), at(0), []guard.Charge{{Key: "a", Amount: 3, Ends: at(60)}}))
	require.NoError(l, l.Add(l.Context(), at(1), []guard.Charge{{Key: "a", Amount: -7, Ends: at(61)}}))
	assert.Zero(l, l.level("a", at(1)))
	require.NoError(l, l.Add(l.Context(), at(2), []guard.Charge{{Key: "a", Amount: 2, Ends: at(62)}}))
	assert.Equal(l, int64(2), l.level("a", at(2)))
}

func testNames(l *lab) {
	names := []string{"a", "a\x00", "\x00a", "a\xff\xfe", "ä", "A", " a", "{a}", "'; DROP", string(make([]byte, 600))}
	for i, name := range names {
		l.reserve("id "+name, at(0), guard.Charge{Key: name, Amount: int64(i + 1), Limit: 100, Ends: at(60)})
	}
	for i, name := range names {
		assert.Equal(l, int64(i+1), l.level(name, at(1)), "%q", name)
	}
}

func testBack(l *lab) {
	day := 24 * time.Hour
	l.reserve("", Start.Add(day), one("a", Start.Add(day), 1)) // the clock was a day ahead
	_, over := l.reserve("", at(0), one("a", at(0), 1))
	assert.Equal(l, 0, over, "the limit still holds")
	list := []guard.Charge{one("a", at(0), 1)}
	require.NoError(l, l.Levels(l.Context(), at(0), list))
	assert.False(l, list[0].Resets.After(at(60)), "but no longer than a window from now: %s", list[0].Resets)
	_, over = l.reserve("", at(61), one("a", at(61), 1))
	assert.Equal(l, -1, over, "the number is not locked out for a day")
}

func testLevels(l *lab) {
	l.reserve("", at(0), one("a", at(0), 5))
	for range 3 {
		assert.Equal(l, int64(1), l.level("a", at(1)))
		assert.Zero(l, l.level("b", at(1)))
	}
	_, over := l.reserve("", at(2), one("b", at(2), 1))
	assert.Equal(l, -1, over)
}

func testRace(l *lab) {
	const limit, workers, each = 50, 8, 20
	var passed atomic.Int64
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := range each {
				id := ""
				if i%2 == 0 {
					id = fmt.Sprint("m", w, "-", i)
				}
				_, over, err := l.Reserve(context.Background(), id, at(0), at(3600), []guard.Charge{one("a", at(0), limit), one(fmt.Sprint("w", w), at(0), each)})
				if assert.NoError(l, err) && over < 0 {
					passed.Add(1)
				}
			}
		})
	}
	all.Wait()
	assert.Equal(l, int64(limit), passed.Load())
	assert.Equal(l, int64(limit), l.level("a", at(0)))
	var sum int64
	for w := range workers {
		sum += l.level(fmt.Sprint("w", w), at(0))
	}
	assert.Equal(l, int64(limit), sum, "a refused reservation left something behind")
}

// oracle counts as the documentation says, slowly.
type oracle struct {
	counters map[string]*window
	held     map[string]*reservation
}

type window struct {
	level int64
	ends  time.Time
}

type reservation struct {
	until  time.Time
	shares []guard.Charge
}

func (o *oracle) open(key string, now, ends time.Time) *window {
	w := o.counters[key]
	if w == nil || !w.ends.After(now) || w.level == 0 {
		return nil
	}
	if w.ends.After(ends) {
		w.ends = ends
	}
	return w
}

func (o *oracle) add(key string, now time.Time, amount int64, ends time.Time) *window {
	w := o.open(key, now, ends)
	if w == nil {
		if amount <= 0 {
			return nil
		}
		w = &window{ends: ends}
		o.counters[key] = w
	}
	w.level = max(0, w.level+amount)
	return w
}

func (o *oracle) reserve(id string, now, keep time.Time, list []guard.Charge) (held bool, over int) {
	if r := o.held[id]; r != nil && r.until.After(now) {
		return true, -1
	}
	over = -1
	for i, c := range list {
		level := int64(0)
		if w := o.open(c.Key, now, c.Ends); w != nil {
			level = w.level
		}
		if level+c.Amount > c.Limit && over < 0 {
			over = i
		}
	}
	if over >= 0 {
		return false, over
	}
	r := &reservation{until: keep}
	for _, c := range list {
		w := o.add(c.Key, now, c.Amount, c.Ends)
		c.Ends = w.ends
		r.shares = append(r.shares, c)
	}
	if id != "" {
		o.held[id] = r
	}
	return false, -1
}

func (o *oracle) giveBack(id string, now time.Time) {
	r := o.held[id]
	if r == nil || !r.until.After(now) {
		return
	}
	delete(o.held, id)
	for _, c := range r.shares {
		if w := o.counters[c.Key]; w != nil && w.ends.After(now) && !w.ends.After(c.Ends) {
			w.level = max(0, w.level-c.Amount)
		}
	}
}

func testOracle(l *lab) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	o := &oracle{make(map[string]*window), make(map[string]*reservation)}
	now := Start
	keys := []string{"a", "b", "c", "d"}
	for step := range 300 {
		now = now.Add(time.Duration(random.IntN(10)) * time.Second) // often exactly to the end of a window
		id := fmt.Sprint("m", random.IntN(25))
		if random.IntN(4) == 0 {
			id = ""
		}
		var list, same []guard.Charge
		for _, key := range keys {
			if random.IntN(2) == 0 {
				window := map[string]time.Duration{"a": 20, "b": 45, "c": 90, "d": 300}[key] * time.Second
				c := guard.Charge{Key: key, Amount: 1 + random.Int64N(4), Limit: 12, Ends: now.Add(window)}
				list, same = append(list, c), append(same, c)
			}
		}
		switch random.IntN(5) {
		case 0, 1, 2:
			held, over, err := l.Reserve(l.Context(), id, now, now.Add(2*time.Minute), list)
			require.NoError(l, err)
			wantHeld, wantOver := o.reserve(id, now, now.Add(2*time.Minute), same)
			require.Equal(l, []any{wantHeld, wantOver}, []any{held, over}, "step %d, seed %d", step, seed)
		case 3:
			l.giveBack(id, now)
			if id != "" {
				o.giveBack(id, now)
			}
		case 4:
			for i := range list {
				list[i].Amount = random.Int64N(9) - 5
				same[i].Amount = list[i].Amount
			}
			require.NoError(l, l.Add(l.Context(), now, list))
			for _, c := range same {
				o.add(c.Key, now, c.Amount, c.Ends)
			}
		}
		for _, key := range keys {
			var want int64
			if w := o.counters[key]; w != nil && w.ends.After(now) {
				want = w.level
			}
			require.Equal(l, want, l.level(key, now), "%s, step %d, seed %d", key, step, seed)
		}
	}
}
