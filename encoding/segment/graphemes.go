package segment

import (
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// graphemeStart returns where a segment must end to keep the grapheme around offset
// at whole: the start of that grapheme. It returns at if a grapheme starts there, or
// if the grapheme is longer than a segment or the only one in the segment.
//
// It goes back from at only to a place that is a border whatever is before it, so
// that the cost does not depend on the length of the text.
func (c *cutter) graphemeStart(at int) int {
	p := c.safeBorder(at)
	state := -1
	// A cluster that extends beyond end is longer than a segment, as no character
	// has more than three bytes per unit.
	end := min(len(c.text), at+3*c.limit+utf8.UTFMax)
	for rest := c.text[p:end]; p < at; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if p+len(cluster) > at {
			return c.keepWhole(p, at, cluster)
		}
		p += len(cluster)
	}
	return at
}

// keepWhole returns p, where the cluster starts, if it can be kept whole.
func (c *cutter) keepWhole(p, at int, cluster string) int {
	if p == c.start {
		return at
	}
	if _, units := c.measure(cluster); units > c.limit {
		return at
	}
	return p
}

// safeBorder returns the last offset up to at that is certainly a grapheme border:
// between two plain characters, or the start of the open segment.
func (c *cutter) safeBorder(at int) int {
	next, _ := utf8.DecodeRuneInString(c.text[at:])
	for at > c.start {
		before, size := utf8.DecodeLastRuneInString(c.text[c.start:at])
		if plain(next) && plain(before) {
			return at
		}
		next, at = before, at-size
	}
	return c.start
}

// plain reports whether r is a common character that never forms a grapheme with
// another such character: letters and signs of property Other, and pictographs,
// which are joined by a zero width joiner only (UAX #29, GB11).
func plain(r rune) bool {
	switch {
	case r < 0x7F:
		return r >= ' '
	case r < 0x370:
		return r >= 0xC0 && r < 0x300
	case r < 0x530:
		return r < 0x483 || r > 0x489 // not the combining Cyrillic marks
	case r < 0x1F300:
		return r >= 0x4E00 && r < 0xA000
	default:
		return r < 0x1F3FB || r > 0x1F3FF && r < 0x1F650 // not the skin tones
	}
}
