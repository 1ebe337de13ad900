package segment

import (
	"math/bits"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/internal/swar"
)

// widths has the septets of each character below U+0800 in the default alphabet with
// its extension table; 0 for those that force UCS-2. It covers the whole alphabet
// except the euro sign.
var widths = func() (w [0x800]uint8) {
	for r := range rune(len(w)) {
		w[r] = uint8(gsm7.Tables{}.Septets(r))
	}
	return w
}()

// gsm7 counts the text as default alphabet and returns the offset of the first
// character that is not in it, or -1.
func (c *cutter) gsm7() int {
	text, limit := c.text, c.limit
	used, surplus := 0, 0 // surplus counts bytes that do not start a character
	for i := 0; i < len(text); {
		var w uint64
		n := 8
		if i+8 <= len(text) {
			w = swar.Load(text, i)
		} else {
			w, n = loadTail(text, i)
		}
		extended, other := classify(w)
		if extended|other == 0 && used+n <= limit {
			used += n
			i += n
			continue
		}
		if other != 0 {
			n = bits.TrailingZeros64(other) >> 3
		}
		used = c.letters(i, n, i-surplus, used, extended)
		i += n
		if other == 0 {
			continue
		}
		for ok := true; ok; ok = i < len(text) && text[i] >= 0x80 {
			width, size := defaultWidth(text, i)
			if width == 0 {
				c.chars, c.used = i-surplus, used
				return i
			}
			if used += width; used > limit {
				used = width + c.cut(i, i-surplus, used-width)
			}
			surplus += size - 1
			i += size
		}
	}
	c.chars, c.used = len(text)-surplus, used
	return -1
}

// letters counts n ASCII characters at offset from. chars is the number of characters
// before them, used the units in the open segment; extended flags the characters of
// two septets. It returns the new number of units in the open segment.
func (c *cutter) letters(from, n, chars, used int, extended uint64) int {
	if n < 8 {
		extended = below(extended, n)
	}
	units := n + flags(extended)
	if used+units <= c.limit {
		return used + units
	}
	if extended == 0 { // and so every character is a grapheme
		room := c.limit - used
		c.cut(from+room, chars+room, c.limit)
		return units - room
	}
	_, used = c.walk(from, from+n, chars, used)
	return used
}

// classify flags the bytes that are characters of the extension table, [\]^{|}~, and
// the bytes that are handled one by one: control characters, `, DEL, and multi-byte
// characters. The other bytes are characters of one septet.
func classify(w uint64) (extended, other uint64) {
	low := w &^ highs
	folded := low | 0x20*ones // [\]^ fall on {|}~, and _ on DEL
	extended = (folded + 0x05*ones) &^ (folded + 0x01*ones) & highs
	control := ^(low + 0x60*ones)
	backtick := ^((low ^ 0x60*ones) + 0x7F*ones)
	del := low + 0x01*ones
	return extended, (w | control | backtick | del) & highs
}

// defaultWidth returns the septets and the length in bytes of the character at offset
// i; 0 septets if it is not in the default alphabet or not valid UTF-8.
func defaultWidth(text string, i int) (septets, size int) {
	b := text[i]
	switch {
	case b < 0x80:
		return int(widths[b]), 1
	case b < 0xE0:
		// Overlong forms, which encode ASCII characters, are rejected.
		if b >= 0xC2 && i+1 < len(text) && text[i+1]&0xC0 == 0x80 {
			return int(widths[int(b&0x1F)<<6|int(text[i+1]&0x3F)]), 2
		}
	case i+2 < len(text) && text[i:i+3] == "€":
		return 2, 3
	}
	return 0, 0
}
