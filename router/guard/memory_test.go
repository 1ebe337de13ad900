package guard_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/guard"
	"github.com/anysms/anysms/router/guard/countertest"
)

func TestMemory(t *testing.T) {
	countertest.Run(t, func(*testing.T) guard.Counters { return guard.NewMemory(0) })
}

func TestMemoryIsBoundedAndForgets(t *testing.T) {
	m := guard.NewMemory(1001)
	now := countertest.Start
	add := func(i int) error {
		c := guard.Charge{Key: fmt.Sprint("k", i), Amount: 1, Limit: 9, Ends: now.Add(time.Minute)}
		_, _, err := m.Reserve(t.Context(), fmt.Sprint("m", i), now, now.Add(time.Minute), []guard.Charge{c})
		return err
	}
	var full int
	for i := range 2000 {
		if err := add(i); err != nil {
			require.ErrorIs(t, err, guard.ErrFull)
			full++
		}
	}
	assert.Equal(t, 2000-333, full, "a counter, its reservation and what is to be returned count")
	now = now.Add(3 * time.Minute)
	require.NoError(t, add(5000), "what has ended makes room")
	for i := range 200 {
		now = now.Add(time.Hour)
		require.NoError(t, add(6000+i))
	}
	assert.Less(t, m.Len(), 100, "what has ended is forgotten")
}

func reserve(t *testing.T, m *guard.Memory, id, key string, now, ends time.Time) error {
	_, _, err := m.Reserve(t.Context(), id, now, now.Add(time.Hour), []guard.Charge{{Key: key, Amount: 1, Limit: 99, Ends: ends}})
	return err
}

// TestMemoryHoldsWhatItMay: no more keys than it may have, and no fewer.
func TestMemoryHoldsWhatItMay(t *testing.T) {
	now := countertest.Start // the beginning of a minute
	soon := now.Add(30 * time.Second)
	m := guard.NewMemory(3)
	require.NoError(t, reserve(t, m, "m1", "a", now, soon))
	assert.Equal(t, 3, m.Len(), "a counter, an id, and what would be returned")
	require.ErrorIs(t, reserve(t, m, "", "b", now, soon), guard.ErrFull)
	assert.Equal(t, 3, m.Len())

	m = guard.NewMemory(2)
	require.NoError(t, reserve(t, m, "", "a", now, soon))
	require.ErrorIs(t, reserve(t, m, "m1", "b", now, soon), guard.ErrFull)
	require.NoError(t, reserve(t, m, "", "b", now, soon))
	require.ErrorIs(t, reserve(t, m, "", "c", now, soon), guard.ErrFull)
	add := func(amount int64) error {
		return m.Add(t.Context(), now, []guard.Charge{{Key: "c", Amount: amount, Ends: soon}})
	}
	require.ErrorIs(t, add(1), guard.ErrFull)
	require.NoError(t, add(-1), "this opens no window")
	require.NoError(t, add(0))
	assert.Equal(t, 2, m.Len())
	later := now.Add(time.Minute)
	require.NoError(t, reserve(t, m, "", "c", later, later.Add(time.Minute)), "windows have ended in the minute before")
}

// TestMemoryForgetsALittle: no call takes long because much is to be forgotten.
func TestMemoryForgetsALittle(t *testing.T) {
	m := guard.NewMemory(0)
	now := countertest.Start
	for i := range 1000 {
		require.NoError(t, reserve(t, m, "", fmt.Sprint("k", i), now, now.Add(time.Second)))
	}
	now = now.Add(2 * time.Minute)
	require.NoError(t, reserve(t, m, "", "new", now, now.Add(time.Hour)))
	assert.Greater(t, m.Len(), 900)
	for i := range 100 {
		require.NoError(t, reserve(t, m, "", fmt.Sprint("new", i), now, now.Add(time.Hour)))
	}
	assert.Equal(t, 101, m.Len(), "but more than is added")
}

// Ten million numbers, each with a counter of its own, fit in what the documentation says.
func TestTenMillionKeys(t *testing.T) {
	if os.Getenv("ANYSMS_LONG") == "" {
		t.Skip("takes a gigabyte; set ANYSMS_LONG")
	}
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	m := guard.NewMemory(0)
	ends := countertest.Start.Add(time.Hour)
	for n := range uint64(guard.DefaultMemoryMax) {
		charge := []guard.Charge{{Key: "v number " + strconv.FormatUint(306_900_000_000+n*7, 10), Amount: 1, Limit: 9, Ends: ends}}
		if _, _, err := m.Reserve(t.Context(), "", countertest.Start, ends, charge); err != nil {
			require.ErrorIs(t, err, guard.ErrFull)
			break
		}
	}
	each := (heap() - before) / uint64(m.Len())
	t.Logf("%d keys, %d bytes each", m.Len(), each)
	require.Greater(t, m.Len(), guard.DefaultMemoryMax-10)
	require.LessOrEqual(t, each, uint64(100))
	runtime.KeepAlive(m)
}
