package segment

import (
	"math/bits"

	"github.com/anysms/anysms/encoding/internal/swar"
)

// The fast loops process eight bytes of the text as one word, with the first byte
// lowest. The flag of a byte is its highest bit.
const (
	ones  = swar.Ones
	highs = 0x80 * ones
	blank = ' ' * ones // pads the last word: a space is always one unit
)

// loadTail returns the fewer than eight bytes from offset i to the end, padded with
// spaces, and their number.
func loadTail(s string, i int) (w uint64, n int) {
	n = len(s) - i
	if len(s) >= 8 {
		w = swar.Load(s, len(s)-8) >> (64 - 8*n)
	} else {
		for k := n - 1; k >= 0; k-- {
			w = w<<8 | uint64(s[i+k])
		}
	}
	return w | blank<<(8*n), n
}

// flags counts the flagged bytes.
func flags(w uint64) int { return bits.OnesCount64(w & highs) }

// below keeps the flags of the first n bytes; n is less than eight.
func below(w uint64, n int) uint64 { return w & (1<<(8*n) - 1) }
