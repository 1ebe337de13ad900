package segment

import "github.com/anysms/anysms/encoding/gsm7"

// Information element identifiers, 3GPP TS 23.040 §9.2.3.24.
const (
	ieConcat8  = 0x00
	iePorts8   = 0x04
	iePorts16  = 0x05
	ieConcat16 = 0x08
	ieSingle   = 0x24
	ieLocking  = 0x25
)

// header is the user data header of a segment.
type header struct {
	concat, ref16 bool
	tables        gsm7.Tables
	ports         *Ports
}

// length returns the octets of the header including its length octet; 0 if it is
// empty.
func (h header) length() int {
	n := 0
	if h.concat {
		n += 5
		if h.ref16 {
			n++
		}
	}
	if h.ports != nil {
		n += 6
		if h.ports.Short {
			n -= 2
		}
	}
	if h.tables.Locking != gsm7.Default {
		n += 3
	}
	if h.tables.Single != gsm7.Default {
		n += 3
	}
	if n > 0 {
		n++
	}
	return n
}

// append appends the header including its length octet, or nothing if it is empty.
func (h header) append(dst []byte, ref uint16, total, number int) []byte {
	n := h.length()
	if n == 0 {
		return dst
	}
	dst = append(dst, byte(n-1))
	switch {
	case h.concat && h.ref16:
		dst = append(dst, ieConcat16, 4, byte(ref>>8), byte(ref), byte(total), byte(number))
	case h.concat:
		dst = append(dst, ieConcat8, 3, byte(ref), byte(total), byte(number))
	}
	if p := h.ports; p != nil && p.Short {
		dst = append(dst, iePorts8, 2, byte(p.Destination), byte(p.Source))
	} else if p != nil {
		dst = append(dst, iePorts16, 4, byte(p.Destination>>8), byte(p.Destination), byte(p.Source>>8), byte(p.Source))
	}
	if h.tables.Single != gsm7.Default {
		dst = append(dst, ieSingle, 1, byte(h.tables.Single))
	}
	if h.tables.Locking != gsm7.Default {
		dst = append(dst, ieLocking, 1, byte(h.tables.Locking))
	}
	return dst
}
