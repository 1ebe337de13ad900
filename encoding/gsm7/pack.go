package gsm7

// FillBits returns the number of zero bits that stand between a user data
// header of that many octets, its length octet included, and the first septet,
// so that it begins on a septet boundary (3GPP TS 23.040 §9.2.3.24).
func FillBits(headerOctets int) int {
	return (7 - headerOctets*8%7) % 7
}

// Pack appends septets, one per octet in septets, packed into octets: fill zero
// bits first, lowest bits first (3GPP TS 23.038 §6.1.2.1). Spare bits at the
// end are zero: with 8n-1 septets and no fill they look like a septet @, and
// only the number of septets, which SMS carries, tells that there is none.
func Pack(dst, septets []byte, fill int) []byte {
	p := packer{dst: dst, bits: uint(fill) % 8}
	for _, s := range septets {
		p.put(s)
	}
	return p.end()
}

// packer collects septets in acc, of which it keeps less than one octet.
type packer struct {
	dst  []byte
	acc  uint
	bits uint
}

func (p *packer) put(septet byte) {
	p.acc |= uint(septet&0x7F) << p.bits
	p.bits += 7
	if p.bits >= 8 {
		p.dst = append(p.dst, byte(p.acc))
		p.acc >>= 8
		p.bits -= 8
	}
}

func (p *packer) end() []byte {
	if p.bits > 0 {
		return append(p.dst, byte(p.acc))
	}
	return p.dst
}

// EncodePacked appends the packed septets of text behind fill zero bits. Its
// error is that of Encode; dst is then returned as it was.
func (t Tables) EncodePacked(dst []byte, text string, fill int) ([]byte, error) {
	var buf [maxSeptets]byte
	septets, err := t.Encode(buf[:0], text)
	if err != nil {
		return dst, err
	}
	return Pack(dst, septets, fill), nil
}

// maxSeptets is the most that the user data of one segment holds.
const maxSeptets = 160
