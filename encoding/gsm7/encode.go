package gsm7

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"

	"github.com/anysms/anysms/encoding/internal/swar"
)

// CharError is a character that is in neither table.
type CharError struct {
	Rune   rune // utf8.RuneError for invalid UTF-8
	Offset int  // of the character, in bytes
	Index  int  // of the character, in code points
}

// Error names the character and where it is.
func (e *CharError) Error() string {
	return fmt.Sprintf("gsm7: %U at byte %d (character %d) is not in the tables", e.Rune, e.Offset, e.Index)
}

// Encode appends the septets of text, one per octet, and returns the extended
// slice. The error is a *CharError for the first character that is in neither
// table; dst then has the septets before it.
func (t Tables) Encode(dst []byte, text string) ([]byte, error) {
	locking, single := t.indexes()
	for i := 0; i < len(text); {
		if locking.latin && i+8 <= len(text) {
			w := swar.Load(text, i)
			n := plainPrefix(w)
			if n == 8 {
				dst = binary.LittleEndian.AppendUint64(dst, w)
				i += 8
				continue
			}
			dst = append(dst, text[i:i+n]...)
			i += n
		}
		r, size := decodeRune(text, i)
		if code := locking.find(r); code != absent {
			dst = append(dst, code)
		} else if code := single.find(r); code != absent {
			dst = append(dst, escape, code)
		} else {
			return dst, newCharError(text, i)
		}
		i += size
	}
	return dst, nil
}

// EncodePacked appends the septets of text packed into octets after fill zero bits,
// as Pack does. The error is that of Encode; dst is then returned unchanged.
func (t Tables) EncodePacked(dst []byte, text string, fill int) ([]byte, error) {
	locking, single := t.indexes()
	p := newPacker(dst, fill)
	for i := 0; i < len(text); {
		if locking.latin && i+8 <= len(text) {
			w := swar.Load(text, i)
			n := plainPrefix(w)
			if n == 8 {
				p.put8(w)
				i += 8
				continue
			}
			for ; n > 0; n-- {
				p.put(text[i])
				i++
			}
		}
		r, size := decodeRune(text, i)
		if code := locking.find(r); code != absent {
			p.put(code)
		} else if code := single.find(r); code != absent {
			p.put(escape)
			p.put(code)
		} else {
			return dst, newCharError(text, i)
		}
		i += size
	}
	return p.end(), nil
}

// newCharError returns the error for the character at offset i.
func newCharError(text string, i int) *CharError {
	r, _ := utf8.DecodeRuneInString(text[i:])
	return &CharError{Rune: r, Offset: i, Index: utf8.RuneCountInString(text[:i])}
}

// decodeRune returns the character at offset i and its length in bytes.
func decodeRune(text string, i int) (rune, int) {
	if c := text[i]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(text[i:])
}

const ones = swar.Ones

// plainPrefix returns how many bytes of w, from the lowest on, are plain: ASCII
// characters with the same code in all Latin locking tables. Control characters, $,
// @, `, [\]^_, {|}~ and everything above are not plain.
func plainPrefix(w uint64) int {
	low := w &^ (0x80 * ones)
	folded := low | 0x20*ones // @[\]^_ fall on `{|}~ and DEL
	other := w |
		^(low + 0x60*ones) | // below 0x20
		(folded + 0x05*ones) | // 0x7B and above
		^((folded ^ 0x60*ones) + 0x7F*ones) |
		^((low ^ '$'*ones) + 0x7F*ones)
	return bits.TrailingZeros64(other&(0x80*ones)) >> 3
}

// isPlain reports whether c is plain.
func isPlain(c byte) bool { return plainPrefix(uint64(c)) > 0 }
