package smpp

import (
	"strconv"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/ucs2"
	"github.com/anysms/anysms/provider"
)

// inboundPart reads a segment that a person sent.
func (s *settings) inboundPart(m *wire.Message) (segment.ReceivedSegment, error) {
	octets, header := m.Payload(), m.ESMClass&wire.ESMClassUDHI != 0
	coding := tpCoding(m.DataCoding)
	if coding == codingDefault && s.Alphabet == alphabetPacked {
		p, err := packedPart(octets, header)
		return sarPart(p, m), err
	}
	if coding == codingDefault {
		p, err := unpackedPart(octets, header)
		return sarPart(p, m), err
	}
	p, err := segment.ParseSegment(octets, len(octets), coding, header)
	return sarPart(p, m), err
}

// tpCoding converts data_coding to TP-DCS: 2 and 4 are octets, as are 1 and 3
// until inboundText reads them, 8 is UCS-2, the groups from 0x10 on are the same,
// and anything else is the SMSC's default.
func tpCoding(dataCoding byte) byte {
	switch {
	case dataCoding >= codingIA5 && dataCoding <= 4:
		return 0x04
	case dataCoding == codingUCS2 || dataCoding >= 0x10:
		return dataCoding
	}
	return codingDefault
}

// unpackedPart reads septets that stand in an octet each, and packs them for
// package segment.
func unpackedPart(octets []byte, header bool) (segment.ReceivedSegment, error) {
	p, err := segment.ParseSegment(octets, len(octets), 0x04, header) // only the header is wanted
	if err != nil {
		return p, err
	}
	p.Encoding, p.Septets, p.Fill = segment.GSM7, len(p.Data), 0
	p.Data = gsm7.Pack(nil, p.Data, 0)
	return p, nil
}

// packedPart reads packed septets, of which SMPP does not transmit the number: a
// carriage return that ends the last octet is padding.
func packedPart(octets []byte, header bool) (segment.ReceivedSegment, error) {
	p, err := segment.ParseSegment(octets, len(octets)*8/7, codingDefault, header)
	if err != nil {
		return p, err
	}
	septets, err := gsm7.Unpack(nil, p.Data, p.Septets, p.Fill)
	if n := len(septets); err == nil && n > 0 && septets[n-1] == '\r' && (p.Fill+7*n)%8 == 0 {
		p.Septets--
	}
	return p, err
}

// sarPart takes the place of a segment from the optional parameters, if they are
// there and there is no header for it.
func sarPart(p segment.ReceivedSegment, m *wire.Message) segment.ReceivedSegment {
	if p.Total > 1 {
		return p
	}
	ref, ok1 := uintOf(m, wire.TagSARMsgRefNum)
	total, ok2 := uintOf(m, wire.TagSARTotalSegments)
	number, ok3 := uintOf(m, wire.TagSARSegmentSeqnum)
	if ok1 && ok2 && ok3 && total > 1 && total <= segment.MaxSegments && number >= 1 && number <= total {
		p.Ref, p.Ref16, p.Number, p.Total = uint16(ref), true, int(number), int(total)
	}
	return p
}

func uintOf(m *wire.Message, tag uint16) (uint32, bool) {
	t, ok := m.TLVs.Get(tag)
	if !ok {
		return 0, false
	}
	return t.Uint()
}

func decodeUCS2(octets []byte) (string, error) {
	text, err := ucs2.Decode(nil, octets)
	return string(text), err
}

// inboundEvent makes the event of a message that a person sent, or of a segment
// of one.
func inboundEvent(m *wire.Message, r segment.ReceivedMessage) provider.Event {
	e := provider.Event{Kind: provider.Inbound, From: party(m.Source), To: party(m.Dest), Text: r.Text}
	if r.Encoding != segment.Binary {
		return e
	}
	e.Text = fromLatin1(r.Data)
	if m.DataCoding != codingLatin1 && m.DataCoding != codingIA5 {
		e.Extra = map[string]string{"data_coding": strconv.Itoa(int(m.DataCoding))} // octets, not a text
	}
	return e
}

// rawEvent hands over a message whose user data cannot be read, with its octets
// as characters.
func rawEvent(m *wire.Message, err error) provider.Event {
	return provider.Event{
		Kind: provider.Inbound, From: party(m.Source), To: party(m.Dest), Text: fromLatin1(m.Payload()),
		Extra: map[string]string{"unreadable": err.Error(), "data_coding": strconv.Itoa(int(m.DataCoding))},
	}
}
