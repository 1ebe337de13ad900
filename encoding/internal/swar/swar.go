// Package swar has what processing eight bytes of a text as one word needs (SIMD
// within a register).
package swar

// Ones has a one in each byte: c*Ones is a word of eight bytes c.
const Ones = 0x0101010101010101

// Load returns the eight bytes of s at offset i as a word, the first byte lowest.
func Load(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
