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
	assert.Equal(t, 2000-334, full, "a counter, its reservation and what is to be returned count")
	now = now.Add(3 * time.Minute)
	require.NoError(t, add(5000), "what has ended makes room")
	for i := range 200 {
		now = now.Add(time.Hour)
		require.NoError(t, add(6000+i))
	}
	assert.Less(t, m.Len(), 100, "what has ended is forgotten")
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
	for n := range uint64(guard.MaxKeys) {
		charge := []guard.Charge{{Key: "v number " + strconv.FormatUint(306_900_000_000+n*7, 10), Amount: 1, Limit: 9, Ends: ends}}
		if _, _, err := m.Reserve(t.Context(), "", countertest.Start, ends, charge); err != nil {
			require.ErrorIs(t, err, guard.ErrFull)
			break
		}
	}
	each := (heap() - before) / uint64(m.Len())
	t.Logf("%d keys, %d bytes each", m.Len(), each)
	require.Greater(t, m.Len(), guard.MaxKeys-10)
	require.LessOrEqual(t, each, uint64(100))
	runtime.KeepAlive(m)
}
