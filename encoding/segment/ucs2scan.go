package segment

import (
	"math/bits"
	"unicode/utf8"

	"github.com/anysms/anysms/encoding/internal/swar"
)

// ucs2 counts the text from offset from as UTF-16, and checks that it is valid UTF-8.
// The chars characters before from have one unit each.
func (c *cutter) ucs2(from, chars int) error {
	text := c.text
	used := 0
	if chars > 0 {
		c.count = (chars - 1) / c.limit
		c.units = c.count * c.limit
		used = chars - c.units
	}
	var v validator
	for i := from; i < len(text); {
		var w uint64
		n := 8
		if i+8 <= len(text) {
			w = swar.Load(text, i)
		} else {
			w, n = loadTail(text, i)
		}
		starts, pairs := uint64(highs), uint64(0)
		if w&highs|v.lead|v.hang != 0 { // else all are ASCII, and none continues a character
			starts, pairs = v.next(w)
		}
		if n < 8 {
			starts = below(starts, n)
		}
		begun := flags(starts)
		units := begun
		if pairs != 0 {
			units += flags(pairs)
		}
		if used+units <= c.limit {
			chars, used = chars+begun, used+units
		} else {
			chars, used = c.cutWord(i, n, chars, used, starts, pairs)
		}
		i += n
	}
	if v.next(blank); v.bad != 0 { // the last character must be complete
		return &InvalidUTF8Error{Offset: invalidOffset(text, from)}
	}
	c.chars, c.used = chars, used
	return nil
}

// cutWord counts the characters that start in the n bytes at offset from, if not all
// of them fit the open segment. chars and used are those of walk.
func (c *cutter) cutWord(from, n, chars, used int, starts, pairs uint64) (int, int) {
	if pairs == 0 && !c.keep {
		room := c.limit - used
		c.cut(from+nthFlag(starts, room), chars+room, c.limit)
		return chars + flags(starts), flags(starts) - room
	}
	return c.walk(from+nthFlag(starts, 0), from+n, chars, used)
}

// nthFlag returns the index of the byte with flag n, from 0.
func nthFlag(w uint64, n int) int {
	for ; n > 0; n-- {
		w &= w - 1
	}
	return bits.TrailingZeros64(w) >> 3
}

// validator checks UTF-8, eight bytes at a time (Unicode, table 3-7). The text is
// invalid once bad is not zero.
type validator struct {
	prev uint64 // the previous word
	lead uint64 // its bytes that start a multi-byte character
	hang uint64 // not zero if a character of three or four bytes continues after it
	bad  uint64
}

// next checks the next word. It flags the bytes that start a character, and those of
// them that start one of four bytes, which is a surrogate pair.
func (v *validator) next(w uint64) (starts, pairs uint64) {
	cont := w &^ (w << 1) & highs
	lead := w & (w << 1) & highs
	long := lead & (w << 2)
	v.bad |= lead &^ (long | w<<3 | w<<4 | w<<5 | w<<6) // C0, C1
	if long|v.hang == 0 {
		v.bad |= cont ^ (lead<<8 | v.lead>>56)
	} else {
		pairs = long & (w << 3)
		v.long(w, cont)
		v.hang = long>>48 | pairs>>40
	}
	v.prev, v.lead = w, lead
	return cont ^ highs, pairs
}

// long checks a word with bytes of characters of three or four bytes.
func (v *validator) long(w, cont uint64) {
	one := w<<8 | v.prev>>56 // the byte before each byte
	two := w<<16 | v.prev>>48
	three := w<<24 | v.prev>>40
	want := one&(one<<1) | two&(two<<1)&(two<<2) | three&(three<<1)&(three<<2)&(three<<3)
	v.bad |= want&highs ^ cont
	if before3 := one & (one << 1) & (one << 2) & highs; before3 != 0 {
		v.bad |= badSecond(w, one, before3)
	}
}

// badSecond flags the bytes of w that must not follow the byte before them, which is
// in one, if that starts a character of three or four bytes, as flagged in before3:
// overlong forms after E0 and F0, surrogates after ED, and code points above U+10FFFF
// after F4 and higher bytes.
func badSecond(w, one, before3 uint64) uint64 {
	before4 := before3 & (one << 3)
	zero := before3 &^ (one<<4 | one<<5 | one<<6 | one<<7) // E0, F0
	bad := zero &^ (w << 2) &^ (before4 & (w << 3))        // want A0.. or 90..
	ed := before3 &^ before4 & (one << 4) & (one << 5) &^ (one << 6) & (one << 7)
	bad |= ed & (w << 2)                               // want below A0
	high := before4 & (one<<4 | one<<5)                // F4 and above
	return bad | high&(one<<4|one<<6|one<<7|w<<2|w<<3) // want F4 and below 90
}

// invalidOffset returns the offset of the first invalid byte from offset from on.
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
