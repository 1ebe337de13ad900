package wire

import (
	"encoding/binary"
	"strings"
)

// The tags of SMPP 3.4 §5.3.2 that are used here.
const (
	TagReceiptedMessageID   = 0x001E
	TagSARMsgRefNum         = 0x020C
	TagSARTotalSegments     = 0x020E
	TagSARSegmentSeqnum     = 0x020F
	TagUserMessageReference = 0x0204
	TagNetworkErrorCode     = 0x0423
	TagMessagePayload       = 0x0424
	TagMessageState         = 0x0427
	TagSCInterfaceVersion   = 0x0210
)

// TLV is an optional parameter.
type TLV struct {
	Tag   uint16
	Value []byte
}

// Text is the value as text, without its NUL if it has one.
func (t TLV) Text() string { return strings.TrimSuffix(string(t.Value), "\x00") }

// Uint reads a value of one to four octets.
func (t TLV) Uint() (n uint32, ok bool) {
	if len(t.Value) < 1 || len(t.Value) > 4 {
		return 0, false
	}
	for _, b := range t.Value {
		n = n<<8 | uint32(b)
	}
	return n, true
}

// TLVs are the optional parameters of a PDU in their order. A tag may be there
// more than once.
type TLVs []TLV

// Get returns the first parameter with the tag.
func (ts TLVs) Get(tag uint16) (TLV, bool) {
	for _, t := range ts {
		if t.Tag == tag {
			return t, true
		}
	}
	return TLV{}, false
}

// Append appends the parameters as they go over the line.
func (ts TLVs) Append(dst []byte) []byte {
	for _, t := range ts {
		dst = binary.BigEndian.AppendUint16(dst, t.Tag)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(t.Value)))
		dst = append(dst, t.Value...)
	}
	return dst
}

// parseTLVs reads parameters up to the first that is cut off; damaged says that
// there was one.
func parseTLVs(b []byte) (ts TLVs, damaged bool) {
	for len(b) >= 4 {
		n := int(binary.BigEndian.Uint16(b[2:]))
		if 4+n > len(b) {
			return ts, true
		}
		ts = append(ts, TLV{Tag: binary.BigEndian.Uint16(b), Value: b[4 : 4+n : 4+n]})
		b = b[4+n:]
	}
	return ts, len(b) > 0
}
