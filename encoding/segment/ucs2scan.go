package segment

import (
	"math/bits"
	"unicode/utf8"
)

// ucs2 counts the text as UTF-16 from offset from on, before which are chars
// characters of one unit each, and checks that it is valid UTF-8.
func (c *cutter) ucs2(from, chars int) error {
	text := c.text
	used := 0
	if chars > 0 {
		c.count = (chars - 1) / c.limit
		c.units = c.count * c.limit
		used = chars - c.units
	}
	var prev uint64 // the word before, for what hangs over its end
	prevLeads := false
	for i := from; i < len(text); {
		var w uint64
		n := 8
		if i+8 <= len(text) {
			w = load(text, i)
		} else {
			w, n = loadTail(text, i)
		}
		starts, pairs := uint64(highs), uint64(0)
		if w&highs != 0 || prevLeads {
			var valid bool
			if starts, pairs, valid = decodeWord(w, prev); !valid {
				return &InvalidUTF8Error{Offset: invalidOffset(text, from)}
			}
		}
		prevLeads = w>>56 >= 0xC0 || w>>48&0xFF >= 0xE0 || w>>40&0xFF >= 0xF0
		prev = w
		if n < 8 {
			starts = below(starts, n)
		}
		begun := flags(starts)
		units := begun
		if pairs != 0 {
			units += flags(pairs)
		}
		switch {
		case used+units <= c.limit:
			chars, used = chars+begun, used+units
		case pairs == 0 && !c.keep:
			room := c.limit - used
			c.cut(i+nthFlag(starts, room), chars+room, c.limit)
			chars, used = chars+begun, units-room
		default:
			first := bits.TrailingZeros64(starts) >> 3
			chars, used = c.walk(i+first, i+n, chars, used)
		}
		i += n
	}
	if prevLeads && (len(text)-from)%8 == 0 {
		return &InvalidUTF8Error{Offset: invalidOffset(text, from)}
	}
	c.chars, c.used = chars, used
	return nil
}

// nthFlag returns the byte of the flag that has n flags before it.
func nthFlag(w uint64, n int) int {
	for ; n > 0; n-- {
		w &= w - 1
	}
	return bits.TrailingZeros64(w) >> 3
}

// decodeWord flags the bytes that begin a character and those of them that
// begin one of four bytes, a surrogate pair. It reports whether w is a valid
// continuation of prev, the eight bytes before it (Unicode, table 3-7).
func decodeWord(w, prev uint64) (starts, pairs uint64, valid bool) {
	cont := w &^ (w << 1) & highs
	starts = cont ^ highs
	one := w<<8 | prev>>56 // the byte before each byte
	two := w<<16 | prev>>48
	three := w<<24 | prev>>40
	want := (one & (one << 1)) |
		(two & (two << 1) & (two << 2)) |
		(three & (three << 1) & (three << 2) & (three << 3))
	bad := (want & highs) ^ cont

	lead := w & (w << 1) & highs
	lead3 := lead & (w << 2)
	bad |= lead &^ (lead3 | w<<3 | w<<4 | w<<5 | w<<6) // C0, C1
	if before3 := one & (one << 1) & (one << 2) & highs; before3 != 0 {
		bad |= badSecond(w, one, before3)
	}
	return starts, lead3 & (w << 3), bad == 0
}

// badSecond flags the bytes of w that may not follow the byte before them,
// given in one, where that leads three or four bytes (flagged in before3): the
// overlong forms after E0 and F0, surrogates after ED, and what is beyond
// U+10FFFF after F4 and above.
func badSecond(w, one, before3 uint64) uint64 {
	before4 := before3 & (one << 3)
	zero := before3 &^ (one<<4 | one<<5 | one<<6 | one<<7) // E0, F0
	bad := zero &^ (w << 2) &^ (before4 & (w << 3))        // want A0.. or 90..
	ed := before3 &^ before4 & (one << 4) & (one << 5) &^ (one << 6) & (one << 7)
	bad |= ed & (w << 2)                               // want below A0
	high := before4 & (one<<4 | one<<5)                // F4 and above
	return bad | high&(one<<4|one<<6|one<<7|w<<2|w<<3) // want F4 and below 90
}

// invalidOffset returns the offset of the first byte from offset from on that
// begins no character.
func invalidOffset(text string, from int) int {
	for i := from; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(text)
}
