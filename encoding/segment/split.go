package segment

import (
	"fmt"

	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/ucs2"
)

// End is why a segment ends.
type End uint8

// Why a segment ends.
const (
	EndOfText End = iota // the text ends
	Full                 // no room is left
	Escape               // one septet is left, and the next character takes two
	Surrogate            // one unit is left, and the next character takes two
	Cluster              // the next grapheme does not fit, and is kept whole
)

var endNames = [...]string{"end", "full", "escape", "surrogate", "cluster"}

// String returns "end", "full", "escape", "surrogate" or "cluster".
func (e End) String() string {
	if int(e) < len(endNames) {
		return endNames[e]
	}
	return fmt.Sprintf("end %d", uint8(e))
}

// MarshalText writes the reason as String does.
func (e End) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Segment is one SMS of a message. Text is a substring of the message's text.
type Segment struct {
	Text          string
	Offset        int // of Text in the message, in bytes
	Index         int // the same in code points
	Characters    int // code points
	Units         int // septets or UTF-16 code units, without the header
	End           End
	Encoding      Encoding
	Tables        gsm7.Tables // of GSM7
	Ref16         bool
	Number, Total int // Number counts from 1
}

// TooManySegmentsError is a message with more than MaxSegments segments.
type TooManySegmentsError struct {
	Segments int // that it needs
}

// Error returns how many segments the text needs, and the maximum.
func (e *TooManySegmentsError) Error() string {
	return fmt.Sprintf("text needs %d segments: a message has at most %d", e.Segments, MaxSegments)
}

// Split appends the segments of text, ready to send, and returns the extended slice.
// It allocates only if dst is too small. An empty text has one empty segment. The
// error is an *InvalidUTF8Error or a *TooManySegmentsError; dst is then returned
// unchanged.
func Split(dst []Segment, text string, opts *Options) ([]Segment, error) {
	c := cutter{record: true, segments: dst, base: len(dst)}
	a, err := c.run(text, opts)
	if err != nil {
		return dst, err
	}
	if !a.Sendable() {
		return dst, &TooManySegmentsError{Segments: a.Segments}
	}
	return c.segments, nil
}

// DataCoding returns TP-DCS: 0x00 for GSM7, 0x08 for UCS2 (3GPP TS 23.038 §4).
func (s *Segment) DataCoding() byte {
	if s.Encoding == UCS2 {
		return 0x08
	}
	return 0x00
}

// HasHeader reports whether the user data starts with a header: TP-UDHI must be set.
func (s *Segment) HasHeader() bool { return s.header().length() > 0 }

// AppendHeader appends the user data header including its length octet: the
// concatenation element with ref, if the message has more than one segment, and the
// national language elements. All segments of a message must have the same ref; an
// 8-bit reference uses its low octet. It appends nothing if the segment needs no
// header.
func (s *Segment) AppendHeader(dst []byte, ref uint16) []byte {
	return s.header().append(dst, ref, s.Total, s.Number)
}

// AppendUserData appends TP-UD, at most 140 octets: the header as AppendHeader does,
// and the encoded text, which for GSM7 is packed and starts on a septet boundary.
func (s *Segment) AppendUserData(dst []byte, ref uint16) ([]byte, error) {
	h := s.header()
	dst = h.append(dst, ref, s.Total, s.Number)
	if s.Encoding == UCS2 {
		return ucs2.Encode(dst, s.Text)
	}
	return s.Tables.EncodePacked(dst, s.Text, gsm7.FillBits(h.length()))
}

// UserDataLength returns TP-UDL including the header: septets for GSM7, octets for
// UCS2 (3GPP TS 23.040 §9.2.3.16).
func (s *Segment) UserDataLength() int {
	n := s.header().length()
	if s.Encoding == UCS2 {
		return n + 2*s.Units
	}
	return (8*n+6)/7 + s.Units
}

func (s *Segment) header() header {
	return header{concat: s.Total > 1, ref16: s.Ref16, tables: s.Tables}
}
