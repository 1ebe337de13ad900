package smpp

import (
	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/ucs2"
	"github.com/anysms/anysms/provider"
)

// data_coding, SMPP 3.4 §5.2.19.
const (
	codingDefault = 0x00
	codingIA5     = 0x01
	codingLatin1  = 0x03
	codingUCS2    = 0x08
)

// maxShort is what fits in short_message.
const maxShort = 254

// splitter encodes texts as the settings say.
type splitter struct {
	alphabet, segments string
	single, locking    gsm7.Languages
}

// part is what one submit_sm carries of a text.
type part struct {
	coding byte
	header bool // octets start with a user data header
	octets []byte
	tlvs   wire.TLVs
}

// parts encodes a text. ref is the reference that joins its segments.
func (s splitter) parts(text string, ref uint16) ([]part, error) {
	if s.alphabet == alphabetLatin1 {
		if octets, ok := latin1(text); ok {
			return s.latin1Parts(octets, ref)
		}
	}
	segments, err := segment.Split(nil, text, &segment.Options{
		Ref16: s.segments == segmentsUDH16, Single: s.single, Locking: s.locking, KeepGraphemes: true,
	})
	if err != nil {
		return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	if s.segments == segmentsPayload {
		return s.whole(text, segments[0].Encoding)
	}
	parts := make([]part, 0, len(segments))
	for i := range segments {
		p, err := s.part(&segments[i], ref)
		if err != nil {
			return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// part encodes one segment.
func (s splitter) part(seg *segment.Segment, ref uint16) (part, error) {
	p := part{coding: coding(seg.Encoding)}
	switch {
	case s.segments == segmentsSAR:
		p.tlvs = sar(ref, seg.Number, seg.Total)
	case seg.HasHeader():
		p.header = true
		p.octets = seg.AppendHeader(nil, ref)
	}
	var err error
	if seg.Encoding == segment.UCS2 {
		p.octets, err = ucs2.Encode(p.octets, seg.Text)
		return p, err
	}
	septets, err := seg.Tables.Encode(nil, seg.Text)
	if err != nil {
		return p, err
	}
	if s.alphabet == alphabetPacked {
		p.octets = appendPacked(p.octets, septets)
	} else {
		p.octets = append(p.octets, septets...)
	}
	return p, nil
}

// appendPacked packs septets after a user data header or none. SMPP transmits
// the number of octets only, so seven spare bits are filled with a carriage
// return, as on other such bearers: zeros would be read as another @.
func appendPacked(header, septets []byte) []byte {
	if len(header) == 0 {
		return gsm7.PackCR(nil, septets)
	}
	fill := gsm7.FillBits(len(header))
	if (fill+7*len(septets))%8 == 1 {
		septets = append(septets, '\r')
	}
	return gsm7.Pack(header, septets, fill)
}

// whole encodes a text for one submit_sm, which the SMSC splits.
func (s splitter) whole(text string, encoding segment.Encoding) ([]part, error) {
	p := part{coding: coding(encoding)}
	var err error
	if encoding == segment.UCS2 {
		p.octets, err = ucs2.Encode(nil, text)
	} else {
		p.octets, err = gsm7.Tables{}.Encode(nil, text)
	}
	if err != nil {
		return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	if s.alphabet == alphabetPacked && encoding == segment.GSM7 {
		p.octets = appendPacked(nil, p.octets)
	}
	return []part{p.inPayload()}, nil
}

// inPayload moves what is too long for short_message to message_payload.
func (p part) inPayload() part {
	if len(p.octets) > maxShort {
		p.tlvs = append(p.tlvs, wire.TLV{Tag: wire.TagMessagePayload, Value: p.octets})
		p.octets = nil
	}
	return p
}

func (s splitter) latin1Parts(octets []byte, ref uint16) ([]part, error) {
	if s.segments == segmentsPayload {
		return []part{part{coding: codingLatin1, octets: octets}.inPayload()}, nil
	}
	segments, err := segment.SplitBinary(nil, octets, &segment.BinaryOptions{Ref16: s.segments == segmentsUDH16})
	if err != nil {
		return nil, &provider.Error{Code: provider.InvalidMessage, Err: err}
	}
	parts := make([]part, len(segments))
	for i := range segments {
		seg := &segments[i]
		parts[i] = part{coding: codingLatin1}
		switch {
		case s.segments == segmentsSAR:
			parts[i].octets, parts[i].tlvs = seg.Data, sar(ref, seg.Number, seg.Total)
		default:
			parts[i].octets, parts[i].header = seg.AppendUserData(nil, ref), seg.HasHeader()
		}
	}
	return parts, nil
}

// sar makes the optional parameters that join segments, SMPP 3.4 §5.3.2.22 to
// 24. A single segment needs none.
func sar(ref uint16, number, total int) wire.TLVs {
	if total == 1 {
		return nil
	}
	return wire.TLVs{
		{Tag: wire.TagSARMsgRefNum, Value: []byte{byte(ref >> 8), byte(ref)}},
		{Tag: wire.TagSARTotalSegments, Value: []byte{byte(total)}},
		{Tag: wire.TagSARSegmentSeqnum, Value: []byte{byte(number)}},
	}
}

func coding(e segment.Encoding) byte {
	if e == segment.UCS2 {
		return codingUCS2
	}
	return codingDefault
}

// latin1 encodes a text in ISO 8859-1, if that has all of its characters.
func latin1(text string) (octets []byte, ok bool) {
	octets = make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xFF {
			return nil, false
		}
		octets = append(octets, byte(r))
	}
	return octets, true
}

// fromLatin1 is the reverse of latin1.
func fromLatin1(octets []byte) string {
	runes := make([]rune, len(octets))
	for i, b := range octets {
		runes[i] = rune(b)
	}
	return string(runes)
}
