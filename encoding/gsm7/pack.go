package gsm7

import (
	"encoding/binary"
	"fmt"
)

const cr = 0x0D

// FillBits returns the number of zero bits between a user data header and the first
// septet, which starts on a septet boundary (3GPP TS 23.040 §9.2.3.24).
// headerOctets includes the length octet of the header.
func FillBits(headerOctets int) int {
	return (7 - headerOctets*8%7) % 7
}

// Pack appends septets, given one per octet, packed into octets: fill zero bits
// first (0 to 7, see FillBits), lowest bits first (3GPP TS 23.038 §6.1.2.1). Spare
// bits at the end are zero. After 8n-1 septets they look like another @; only the
// number of septets, which SMS transmits, shows that there is none.
func Pack(dst, septets []byte, fill int) []byte {
	p := newPacker(dst, fill)
	for ; len(septets) >= 8; septets = septets[8:] {
		p.put8(binary.LittleEndian.Uint64(septets) & (0x7F * ones))
	}
	for _, s := range septets {
		p.put(s)
	}
	return p.end()
}

// PackCR appends septets packed for a bearer that transmits the number of octets
// only: USSD, cell broadcast (3GPP TS 23.038 §6.1.2.3.1). Seven spare bits are filled
// with a carriage return. If the last septet is a carriage return and ends an octet,
// another is added, so that the receiver does not take it for padding.
func PackCR(dst, septets []byte) []byte {
	p := newPacker(dst, 0)
	for _, s := range septets {
		p.put(s)
	}
	n := len(septets)
	if n%8 == 7 || n > 0 && n%8 == 0 && septets[n-1] == cr {
		p.put(cr)
	}
	return p.end()
}

// LengthError is packed text that is shorter than its stated length.
type LengthError struct {
	Septets int // as stated, without the fill bits
	Octets  int // available
}

// Error returns both lengths.
func (e *LengthError) Error() string {
	return fmt.Sprintf("gsm7: %d octets cannot hold %d septets", e.Octets, e.Septets)
}

// Unpack appends the first n septets of octets, which start after fill bits (0 to
// 7), one per octet. The error is a *LengthError; dst then has the septets that
// octets has.
func Unpack(dst, octets []byte, n, fill int) ([]byte, error) {
	fill, there := bound(octets, n, fill)
	i := 0
	for ; i+8 <= there; i += 8 {
		dst = binary.LittleEndian.AppendUint64(dst, spread(bitsAt(octets, i/8*7, fill)))
	}
	for w := spread(bitsAt(octets, i/8*7, fill)); i < there; i++ {
		dst = append(dst, byte(w))
		w >>= 8
	}
	if there < n {
		return dst, &LengthError{Septets: n, Octets: len(octets)}
	}
	return dst, nil
}

// UnpackCR appends the septets of octets packed by PackCR. A carriage return that
// ends the last octet is padding and is dropped.
func UnpackCR(dst, octets []byte) []byte {
	n := len(octets) * 8 / 7
	dst, _ = Unpack(dst, octets, n, 0) // n fits
	if n > 0 && n%8 == 0 && dst[len(dst)-1] == cr {
		return dst[:len(dst)-1]
	}
	return dst
}

// bound returns fill limited to 7, and how many of n septets octets has.
func bound(octets []byte, n, fill int) (int, int) {
	fill &= 7
	return fill, max(0, min(n, (len(octets)*8-fill)/7))
}

// bitsAt returns the 56 bits that start fill bits after the start of octet i, with
// zeros after the end of octets.
func bitsAt(octets []byte, i, fill int) uint64 {
	if i+8 <= len(octets) {
		return binary.LittleEndian.Uint64(octets[i:]) >> fill
	}
	var w uint64
	for k := min(len(octets)-i, 8) - 1; k >= 0; k-- {
		w = w<<8 | uint64(octets[i+k])
	}
	return w >> fill
}

// spread puts the eight septets in the low 56 bits of w into one octet each.
func spread(w uint64) uint64 {
	w = w&0x0FFFFFFF | w<<4&0x0FFFFFFF00000000
	w = w&0x00003FFF00003FFF | w<<2&0x3FFF00003FFF0000
	return w&0x007F007F007F007F | w<<1&0x7F007F007F007F00
}

// gather is the inverse of spread.
func gather(w uint64) uint64 {
	w = w&0x007F007F007F007F | w>>1&0x3F803F803F803F80
	w = w&0x00003FFF00003FFF | w>>2&0x0FFFC0000FFFC000
	return w&0x0FFFFFFF | w>>4&0x00FFFFFFF0000000
}

// packer packs septets. acc has fewer than eight bits, the lowest first.
type packer struct {
	dst  []byte
	acc  uint64
	bits uint
}

func newPacker(dst []byte, fill int) packer {
	return packer{dst: dst, bits: uint(fill) & 7}
}

func (p *packer) put(septet byte) {
	p.acc |= uint64(septet&0x7F) << p.bits
	p.bits += 7
	if p.bits >= 8 {
		p.dst = append(p.dst, byte(p.acc))
		p.acc >>= 8
		p.bits -= 8
	}
}

// put8 packs the eight septets in the octets of w.
func (p *packer) put8(w uint64) {
	w = p.acc | gather(w)<<p.bits
	p.dst = binary.LittleEndian.AppendUint64(p.dst, w)
	p.dst = p.dst[:len(p.dst)-1]
	p.acc = w >> 56
}

func (p *packer) end() []byte {
	if p.bits > 0 {
		return append(p.dst, byte(p.acc))
	}
	return p.dst
}
