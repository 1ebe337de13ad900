package segment

import (
	"fmt"

	"github.com/anysms/anysms/encoding/gsm7"
)

// ReceivedSegment is a received segment, not yet decoded.
type ReceivedSegment struct {
	Encoding Encoding
	Tables   gsm7.Tables // of GSM7
	Ref      uint16      // the reference that the segments of a message share
	Ref16    bool        // the reference has 16 bits; else 8
	Number   int         // from 1
	Total    int         // 1 for a single segment
	Ports    *Ports      // nil if the header has none
	Data     []byte      // after the header; packed septets for GSM7
	Septets  int         // of GSM7: the number of septets in Data
	Fill     int         // of GSM7: the bits before the first septet
}

// UserDataError is invalid user data.
type UserDataError struct {
	Reason string
}

// Error returns the reason.
func (e *UserDataError) Error() string { return "segment: " + e.Reason }

// ParseSegment parses TP-UD. length is TP-UDL (septets for GSM-7, else octets), coding
// is TP-DCS, and hasHeader is TP-UDHI. The segment's Data is a slice of userData. As 3GPP
// TS 23.040 §9.2.3.24 requires, unknown elements are skipped, the last one of
// repeated elements is used, and a concatenation element whose number is zero or
// above its total is ignored. The error is a *UserDataError.
func ParseSegment(userData []byte, length int, coding byte, hasHeader bool) (ReceivedSegment, error) {
	p := ReceivedSegment{Encoding: codedAs(coding), Number: 1, Total: 1, Data: userData}
	if compressed := coding < 0x80 && coding&0x20 != 0; compressed {
		return p, &UserDataError{fmt.Sprintf("data coding %#02x is compressed text, which is not supported", coding)}
	}
	octets := 0
	if hasHeader {
		var err error
		if octets, err = p.readHeader(userData); err != nil {
			return p, err
		}
		p.Data = userData[octets:]
	}
	if p.Encoding != GSM7 {
		if n := length - octets; n < 0 || n > len(p.Data) {
			return p, &UserDataError{fmt.Sprintf("length %d does not match %d octets", length, len(userData))}
		}
		p.Data = p.Data[:length-octets]
		return p, nil
	}
	p.Fill = gsm7.FillBits(octets)
	p.Septets = length - (octets*8+6)/7
	if p.Septets < 0 || p.Fill+p.Septets*7 > len(p.Data)*8 {
		return p, &UserDataError{fmt.Sprintf("length %d does not match %d octets", length, len(userData))}
	}
	return p, nil
}

// codedAs returns the encoding of a TP-DCS (3GPP TS 23.038 §4). Reserved values mean
// the default alphabet.
func codedAs(coding byte) Encoding {
	switch group := coding >> 4; {
	case group < 8: // general, and marked for deletion
		switch coding >> 2 & 3 {
		case 1:
			return Binary
		case 2:
			return UCS2
		}
	case group == 0xE:
		return UCS2
	case group == 0xF && coding&4 != 0:
		return Binary
	}
	return GSM7
}

// readHeader reads the user data header and returns its length in octets.
func (p *ReceivedSegment) readHeader(userData []byte) (octets int, err error) {
	if len(userData) == 0 || int(userData[0])+1 > len(userData) {
		return 0, &UserDataError{"header is longer than the user data"}
	}
	octets = int(userData[0]) + 1
	for rest := userData[1:octets]; len(rest) > 0; {
		if len(rest) < 2 || int(rest[1])+2 > len(rest) {
			return 0, &UserDataError{"element is longer than the header"}
		}
		n := int(rest[1]) + 2
		p.readElement(rest[0], rest[2:n])
		rest = rest[n:]
	}
	return octets, nil
}

func (p *ReceivedSegment) readElement(id byte, data []byte) {
	switch {
	case id == ieConcat8 && len(data) == 3:
		p.concat(uint16(data[0]), false, data[1], data[2])
	case id == ieConcat16 && len(data) == 4:
		p.concat(uint16(data[0])<<8|uint16(data[1]), true, data[2], data[3])
	case id == ieSingle && len(data) == 1:
		p.Tables.Single = gsm7.Language(data[0])
	case id == ieLocking && len(data) == 1:
		p.Tables.Locking = gsm7.Language(data[0])
	case id == iePorts8 && len(data) == 2:
		p.Ports = &Ports{Destination: uint16(data[0]), Source: uint16(data[1]), Short: true}
	case id == iePorts16 && len(data) == 4:
		p.Ports = &Ports{Destination: uint16(data[0])<<8 | uint16(data[1]), Source: uint16(data[2])<<8 | uint16(data[3])}
	}
}

func (p *ReceivedSegment) concat(ref uint16, ref16 bool, total, number byte) {
	if number == 0 || number > total {
		return
	}
	p.Ref, p.Ref16, p.Total, p.Number = ref, ref16, int(total), int(number)
}
