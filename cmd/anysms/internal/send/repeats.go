package send

import (
	"encoding/binary"
	"hash/maphash"
	"time"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// repeats finds messages that are the same as an earlier one: number, text, sender
// and time to send. It keeps a hash of 64 bits and the line of each message, 16 to 32
// bytes in all: two different ones of a million messages are taken for the same in
// one of thirty million files.
type repeats struct {
	count int
	lines []int // the first of those that repeat another

	seed   maphash.Seed
	buffer []byte
	used   int
	hashes []uint64 // open addressing; 0 = free
	first  []uint32 // by place in hashes: the line
}

// shownRepeats is how many lines of repeats are kept.
const shownRepeats = 5

func newRepeats() *repeats { return &repeats{seed: maphash.MakeSeed()} }

// add returns the line of the first message that is the same, if there is one.
func (r *repeats) add(to e164.Number, m *provider.Message, line int) (first int, again bool) {
	if 4*r.used >= 3*len(r.hashes) {
		r.grow()
	}
	hash := r.hash(to, m)
	at := r.place(hash)
	if r.hashes[at] == 0 {
		r.hashes[at], r.first[at] = hash, uint32(line)
		r.used++
		return 0, false
	}
	r.count++
	if len(r.lines) < shownRepeats {
		r.lines = append(r.lines, line)
	}
	return int(r.first[at]), true
}

func (r *repeats) hash(to e164.Number, m *provider.Message) uint64 {
	b := binary.BigEndian.AppendUint64(r.buffer[:0], to.Uint64())
	if !m.SendAt.IsZero() {
		b = m.SendAt.UTC().AppendFormat(b, time.RFC3339Nano)
	}
	b = append(append(b, 0), m.From...)
	b = append(append(b, 0), m.Text...)
	r.buffer = b
	return max(1, maphash.Bytes(r.seed, b))
}

// place is where a hash is, or the free place for it.
func (r *repeats) place(hash uint64) int {
	mask := len(r.hashes) - 1
	at := int(hash) & mask
	for r.hashes[at] != 0 && r.hashes[at] != hash {
		at = (at + 1) & mask
	}
	return at
}

func (r *repeats) grow() {
	old := *r
	size := max(1024, 2*len(old.hashes))
	r.hashes, r.first = make([]uint64, size), make([]uint32, size)
	for i, hash := range old.hashes {
		if hash != 0 {
			at := r.place(hash)
			r.hashes[at], r.first[at] = hash, old.first[i]
		}
	}
}
