package segment

import (
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// graphemeStart returns where a segment must end so that the grapheme around
// offset at stays whole: the start of that grapheme, or at itself if it begins
// there, or if the grapheme is longer than a segment or the segment's only one.
//
// It looks back from at no further than to a place that is a border whatever
// stands before, so the cost does not grow with the text.
func (c *cutter) graphemeStart(at int) int {
	p := c.safeBorder(at)
	state := -1
	// A cluster that goes on behind this is longer than a segment: no character
	// has more than three bytes for each of its units.
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

// keepWhole returns p, where the cluster begins, if it can be kept whole.
func (c *cutter) keepWhole(p, at int, cluster string) int {
	if p == c.start {
		return at
	}
	if _, units := c.measure(cluster); units > c.limit {
		return at
	}
	return p
}

// safeBorder returns the last offset up to at that is a grapheme border for
// certain: between two plain characters, or the start of the open segment.
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

// plain reports whether r is one of the common characters that never join
// another of them in a grapheme: letters and signs of property Other, and
// pictographs, which join only across a zero width joiner (UAX #29, GB11).
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
