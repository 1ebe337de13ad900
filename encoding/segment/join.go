package segment

import (
	"fmt"

	"github.com/anysms/anysms/encoding/ucs2"
)

// ReceivedMessage is a reassembled message.
type ReceivedMessage struct {
	Encoding Encoding
	Text     string // of GSM7 and UCS2
	Data     []byte // of Binary
	Ports    *Ports // nil if the header had none
	// Damage is the first error in a UCS2 text, a *ucs2.SurrogateError or a
	// *ucs2.OddLengthError with offsets within its segment; nil if there is none. The
	// text has U+FFFD there.
	Damage error
}

// MissingError is a message with missing segments.
type MissingError struct {
	Missing []int // their numbers, ascending
	Total   int
}

// Error lists the numbers of the missing segments.
func (e *MissingError) Error() string {
	return fmt.Sprintf("segment: %d of %d segments are missing: %d", len(e.Missing), e.Total, e.Missing)
}

// MismatchError is a segment that does not belong to the same message as the others.
type MismatchError struct {
	Number int
}

// Error names the segment that does not belong.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("segment: number %d belongs to another message", e.Number)
}

// Join reassembles a message from its segments in any order. Of two segments with the same
// number, the first is used. The error is a *MissingError or a *MismatchError.
func Join(parts []ReceivedSegment) (ReceivedMessage, error) {
	if len(parts) == 0 {
		return ReceivedMessage{}, &MissingError{Missing: []int{1}, Total: 1}
	}
	first := &parts[0]
	slots := make([]ReceivedSegment, max(first.Total, 1))
	for i := range parts {
		p := &parts[i]
		if p.key() != first.key() || p.Number < 1 || p.Number > len(slots) {
			return ReceivedMessage{}, &MismatchError{Number: p.Number}
		}
		if slot := &slots[p.Number-1]; slot.Number == 0 {
			*slot = *p
		}
	}
	if missing := absent(slots); missing != nil {
		return ReceivedMessage{}, &MissingError{Missing: missing, Total: len(slots)}
	}
	m, _ := decode(nil, slots)
	return m, nil
}

// messageKey is what the segments of a message have in common.
type messageKey struct {
	ref   uint16
	ref16 bool
	total int
}

func (p *ReceivedSegment) key() messageKey { return messageKey{p.Ref, p.Ref16, p.Total} }

// absent returns the numbers of the empty slots.
func absent(slots []ReceivedSegment) (numbers []int) {
	for i := range slots {
		if slots[i].Number == 0 {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// decode decodes the segments in order. It uses buf as scratch memory and returns it for
// reuse. An escape or a surrogate pair that a sender has split between two segments,
// against the standard, is decoded correctly.
func decode(buf []byte, parts []ReceivedSegment) (ReceivedMessage, []byte) {
	m := ReceivedMessage{Encoding: parts[0].Encoding, Ports: parts[0].Ports}
	out := buf[:0]
	for i := range parts {
		p := parts[i]
		var next *ReceivedSegment
		if i+1 < len(parts) && parts[i+1].Encoding == p.Encoding {
			next = &parts[i+1]
		}
		var err error
		switch p.Encoding {
		case GSM7:
			out = decodeGSM7(out, &p, next)
		case UCS2:
			out, err = decodeUCS2(out, &p, next)
		default:
			out = append(out, p.Data...)
		}
		if m.Damage == nil {
			m.Damage = err
		}
	}
	if m.Encoding == Binary {
		m.Data = append([]byte(nil), out...)
	} else {
		m.Text = string(out)
	}
	return m, out
}

// decodeGSM7 appends the text of p. If p ends with an escape, it also consumes the
// first septet of next.
func decodeGSM7(dst []byte, p, next *ReceivedSegment) []byte {
	if next == nil || p.Septets == 0 || next.Septets == 0 || p.septet(p.Septets-1) != 0x1B || p.endsWithPair() {
		dst, _ = p.Tables.DecodePacked(dst, p.Data, p.Septets, p.Fill)
		return dst
	}
	dst, _ = p.Tables.DecodePacked(dst, p.Data, p.Septets-1, p.Fill)
	dst = p.Tables.Decode(dst, []byte{0x1B, next.septet(0)})
	bits := next.Fill + 7
	next.Data, next.Fill, next.Septets = next.Data[bits/8:], bits%8, next.Septets-1
	return dst
}

// septet returns the septet at index i, 0 if there is none.
func (p *ReceivedSegment) septet(i int) byte {
	bit := p.Fill + 7*i
	if bit < 0 || bit/8 >= len(p.Data) {
		return 0
	}
	w := uint16(p.Data[bit/8])
	if bit/8+1 < len(p.Data) {
		w |= uint16(p.Data[bit/8+1]) << 8
	}
	return byte(w>>(bit%8)) & 0x7F
}

// endsWithPair reports whether the final escape is itself escaped.
func (p *ReceivedSegment) endsWithPair() bool {
	escapes := 0
	for i := p.Septets - 1; i >= 0 && p.septet(i) == 0x1B; i-- {
		escapes++
	}
	return escapes%2 == 0
}

// decodeUCS2 appends the text of p. If p ends with the first half of a surrogate
// pair, it also consumes the second half from next.
func decodeUCS2(dst []byte, p, next *ReceivedSegment) ([]byte, error) {
	n := len(p.Data)
	if next == nil || n < 2 || n%2 != 0 || p.Data[n-2]&0xFC != 0xD8 || len(next.Data) < 2 || next.Data[0]&0xFC != 0xDC {
		return ucs2.Decode(dst, p.Data)
	}
	dst, err := ucs2.Decode(dst, p.Data[:n-2])
	dst, _ = ucs2.Decode(dst, []byte{p.Data[n-2], p.Data[n-1], next.Data[0], next.Data[1]})
	next.Data = next.Data[2:]
	return dst, err
}
