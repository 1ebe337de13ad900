package journal

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
)

// TestIndexAgainstMap compares the index with a map of lines, with hashes that collide
// all the time.
func TestIndexAgainstMap(t *testing.T) {
	outcomes := []provider.Outcome{"", "", "", provider.OutcomeUnknown, provider.OutcomeAccepted, provider.OutcomeRefused, provider.OutcomeNotSent}
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		x := newIndex()
		x.hash = func(key []byte) (uint64, place) { return uint64(key[0] % 4), place(key[0]) << (placeBits + 1) }
		want := make(map[byte][]int64)
		lists := 0
		for at := int64(1); at < 400; at++ {
			key, o := byte(rng.IntN(12)), outcomes[rng.IntN(len(outcomes))]
			x.add([]byte{key}, o, at)
			switch o {
			case "", provider.OutcomeUnknown:
				want[key] = append(want[key], at)
			case provider.OutcomeAccepted:
				want[key] = []int64{at}
			default:
				want[key] = nil
			}
			lists = max(lists, len(want))
			for key := range byte(12) {
				require.ElementsMatch(t, want[key], x.find([]byte{key}), "seed %d, line %d, key %d", seed, at, key)
			}
		}
		require.LessOrEqual(t, len(x.lists), lists, "lists that are free are used again")
	}
}

// TestIntentsAreDurable: when Intent returns, its line is on disk; an outcome's may wait.
func TestIntentsAreDurable(t *testing.T) {
	j, err := Open(t.TempDir() + "/j")
	require.NoError(t, err)
	defer j.Close()
	require.NoError(t, j.Intent(t.Context(), router.JournalEntry{Key: "k1"}))
	require.Equal(t, j.written, j.durable)
	require.NoError(t, j.Outcome(t.Context(), router.JournalEntry{Key: "k1", Outcome: provider.OutcomeAccepted}))
	require.Equal(t, j.written-1, j.durable)
	require.NoError(t, j.Sync())
	require.Equal(t, j.written, j.durable)
}
