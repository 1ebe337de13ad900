package gsm7

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// CodeError is a code that the tables do not define.
type CodeError struct {
	Code    byte // the septet
	Escaped bool // it follows an escape; false for an escape at the end of the text
	Index   int  // of the septet
}

// Error names the code and the septet that it is in.
func (e *CodeError) Error() string {
	if e.Escaped {
		return fmt.Sprintf("gsm7: the single shift table has no code %#02x (septet %d)", e.Code, e.Index)
	}
	return fmt.Sprintf("gsm7: no character has code %#02x (septet %d)", e.Code, e.Index)
}

// Decode appends the UTF-8 of septets, one per octet, and returns the extended
// slice. What the tables do not define is decoded as 3GPP TS 23.038 §6.2.1.1
// requires of a receiver: an undefined escaped code as the character of the locking
// table, an escaped escape, or one at the end of the text, as a space. A code that
// the locking table does not define becomes U+FFFD. The high bit of each octet is
// ignored.
func (t Tables) Decode(dst, septets []byte) []byte {
	d := newDecoder(t, dst)
	for ; len(septets) >= 8; septets = septets[8:] {
		d.put8(binary.LittleEndian.Uint64(septets) & (0x7F * ones))
	}
	for _, s := range septets {
		d.put(s & 0x7F)
	}
	return d.end()
}

// DecodeStrict is Decode for septets that Encode could have written. The error is a
// *CodeError for the first code that the tables do not define; dst then has the
// text before it.
func (t Tables) DecodeStrict(dst, septets []byte) ([]byte, error) {
	locking, single := lockingTables[t.locking()], singleTables[t.single()]
	for i := 0; i < len(septets); i++ {
		from, code, escaped := locking, septets[i], false
		if code == escape && i+1 < len(septets) {
			i++
			from, code, escaped = single, septets[i], true
		}
		if code > 0x7F || from[code] == none {
			return dst, &CodeError{Code: code, Escaped: escaped, Index: i}
		}
		dst = utf8.AppendRune(dst, from[code])
	}
	return dst, nil
}

// DecodePacked appends the UTF-8 of the first n septets packed in octets after fill
// bits: Unpack and Decode in one. The error is a *LengthError; dst then has the text
// of the septets that octets has.
func (t Tables) DecodePacked(dst, octets []byte, n, fill int) ([]byte, error) {
	fill, there := bound(octets, n, fill)
	d := newDecoder(t, dst)
	i := 0
	for ; i+8 <= there; i += 8 {
		d.put8(spread(bitsAt(octets, i/8*7, fill)))
	}
	for w := spread(bitsAt(octets, i/8*7, fill)); i < there; i++ {
		d.put(byte(w))
		w >>= 8
	}
	if there < n {
		return d.end(), &LengthError{Septets: n, Octets: len(octets)}
	}
	return d.end(), nil
}

// decoder decodes septets as Decode describes.
type decoder struct {
	dst             []byte
	locking, single *table
	latin           bool // plain codes of the locking table are ASCII
	escaped         bool // the last septet was an escape
}

func newDecoder(t Tables, dst []byte) decoder {
	l := t.locking()
	return decoder{
		dst:     dst,
		locking: lockingTables[l],
		single:  singleTables[t.single()],
		latin:   lockingIndex[l].latin,
	}
}

func (d *decoder) put(septet byte) {
	r := d.locking[septet]
	switch {
	case d.escaped:
		d.escaped = false
		if e := d.single[septet]; e != none {
			r = e
		} else if septet == escape {
			r = ' '
		}
	case septet == escape:
		d.escaped = true
		return
	}
	if r == none {
		r = utf8.RuneError
	}
	d.dst = utf8.AppendRune(d.dst, r)
}

// put8 decodes the eight septets in the octets of w.
func (d *decoder) put8(w uint64) {
	n := 0
	if d.latin && !d.escaped {
		n = plainPrefix(w)
	}
	if n == 8 {
		d.dst = binary.LittleEndian.AppendUint64(d.dst, w)
		return
	}
	for k := range 8 {
		if c := byte(w >> (8 * k)); k < n {
			d.dst = append(d.dst, c)
		} else {
			d.put(c)
		}
	}
}

func (d *decoder) end() []byte {
	if d.escaped {
		return append(d.dst, ' ')
	}
	return d.dst
}
