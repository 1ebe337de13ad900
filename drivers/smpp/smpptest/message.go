package smpptest

import (
	"strings"
	"time"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/encoding/ucs2"
)

// Message is an accepted submit_sm.
type Message struct {
	ID         string
	From, To   string
	Text       string // of this segment, decoded; "" for octets
	Segment    int    // from 1
	Segments   int    // 1 = the message has no others
	Ref        int    // of its segments
	State      byte
	DataCoding byte
	ESMClass   byte
	SourceTON  byte
	SourceNPI  byte
	DestTON    byte
	DestNPI    byte

	ServiceType        string
	Schedule, Validity string
	RegisteredDelivery byte
	Octets             []byte // short_message or message_payload
	Params             map[uint16][]byte
	At                 time.Time

	done time.Time // when it reached its State
}

// The states of a message, SMPP 3.4 §5.2.28.
const (
	StateEnroute       = 1
	StateDelivered     = 2
	StateExpired       = 3
	StateDeleted       = 4
	StateUndeliverable = 5
	StateAccepted      = 6
	StateUnknown       = 7
	StateRejected      = 8
)

var stateWords = map[byte]string{
	StateEnroute: "ENROUTE", StateDelivered: "DELIVRD", StateExpired: "EXPIRED", StateDeleted: "DELETED",
	StateUndeliverable: "UNDELIV", StateAccepted: "ACCEPTD", StateUnknown: "UNKNOWN", StateRejected: "REJECTD",
}

// Statuses that the server itself gives.
const (
	rInvMsgLen    = 0x01
	rInvCmdLen    = 0x02
	rInvCmdID     = 0x03
	rInvBndSts    = 0x04
	rAlyBnd       = 0x05
	rInvRegDlvFlg = 0x07
	rInvSrcAdr    = 0x0A
	rInvDstAdr    = 0x0B
	rInvMsgID     = 0x0C
	rInvPaswd     = 0x0E
	rInvSysID     = 0x0F
	rCancelFail   = 0x11
	rInvSerTyp    = 0x15
	rInvEsmClass  = 0x43
	rThrottled    = 0x58
	rInvSched     = 0x61
	rInvExpiry    = 0x62
	rQueryFail    = 0x67
	rInvParLen    = 0xC2
)

// check reads a submit_sm, or returns the standard's error.
func check(body []byte) (*Message, uint32) {
	w, err := wire.ParseMessage(body)
	if err != nil {
		return nil, rInvCmdLen
	}
	payload, has := w.TLVs.Get(wire.TagMessagePayload)
	switch {
	case w.Damaged:
		return nil, rInvParLen
	case len(w.ServiceType) > 5:
		return nil, rInvSerTyp
	case badAddress(w.Source, true):
		return nil, rInvSrcAdr
	case badAddress(w.Dest, false):
		return nil, rInvDstAdr
	case badClass(w.ESMClass):
		return nil, rInvEsmClass
	case badTime(w.Schedule):
		return nil, rInvSched
	case badTime(w.Validity):
		return nil, rInvExpiry
	case w.RegisteredDelivery&^0x13 != 0 || w.RegisteredDelivery&3 == 3:
		return nil, rInvRegDlvFlg
	case len(w.ShortMessage) > 254, has && len(w.ShortMessage) > 0, !has && len(w.ShortMessage) == 0:
		return nil, rInvMsgLen
	}
	m := &Message{
		From: w.Source.Addr, To: w.Dest.Addr, SourceTON: w.Source.TON, SourceNPI: w.Source.NPI, DestTON: w.Dest.TON, DestNPI: w.Dest.NPI,
		ServiceType: w.ServiceType, Schedule: w.Schedule, Validity: w.Validity, DataCoding: w.DataCoding, ESMClass: w.ESMClass,
		RegisteredDelivery: w.RegisteredDelivery, Octets: w.ShortMessage, Segment: 1, Segments: 1, Params: make(map[uint16][]byte), At: time.Now(),
	}
	for _, t := range w.TLVs {
		m.Params[t.Tag] = t.Value
	}
	if has {
		m.Octets = payload.Value
	}
	return m, m.read()
}

// badAddress checks the size and the characters that the type of number allows.
func badAddress(a wire.Address, mayBeEmpty bool) bool {
	switch {
	case len(a.Addr) > 20, a.TON > 6, a.NPI > 18:
		return true
	case a.Addr == "":
		return !mayBeEmpty
	case a.TON == 5:
		return len(a.Addr) > 11
	}
	return strings.Trim(a.Addr, "0123456789") != ""
}

// badClass checks the message type, which is that of a message or of an
// acknowledgement to one (§5.2.12); any mode and any feature is allowed.
func badClass(esmClass byte) bool {
	switch esmClass & wire.ESMClassTypeMask {
	case 0x00, 0x08, 0x10:
		return false
	}
	return true
}

// badTime checks the form of §7.1.1.
func badTime(s string) bool {
	if s == "" {
		return false
	}
	return len(s) != 16 || strings.Trim(s[:15], "0123456789") != "" || !strings.Contains("+-R", s[15:])
}

// read decodes the text and finds the message's place among its segments.
func (m *Message) read() uint32 {
	octets := m.Octets
	if m.ESMClass&wire.ESMClassUDHI != 0 {
		p, err := segment.ParseSegment(octets, len(octets), 0x04, true)
		if err != nil || len(octets) > 159 {
			return rInvMsgLen
		}
		m.Segment, m.Segments, m.Ref = p.Number, p.Total, int(p.Ref)
		octets = p.Data
		if m.DataCoding == 0 {
			m.Text = string(p.Tables.Decode(nil, octets))
			return 0
		}
	}
	if total := m.Params[wire.TagSARTotalSegments]; len(total) == 1 {
		number, ref := m.Params[wire.TagSARSegmentSeqnum], m.Params[wire.TagSARMsgRefNum]
		if len(number) != 1 || len(ref) != 2 {
			return rInvParLen
		}
		m.Segment, m.Segments, m.Ref = int(number[0]), int(total[0]), int(ref[0])<<8|int(ref[1])
	}
	switch m.DataCoding {
	case 0:
		m.Text = string(gsm7.Tables{}.Decode(nil, octets))
	case 1, 3:
		runes := make([]rune, len(octets))
		for i, b := range octets {
			runes[i] = rune(b)
		}
		m.Text = string(runes)
	case 8:
		text, err := ucs2.Decode(nil, octets)
		if err != nil {
			return rInvMsgLen
		}
		m.Text = string(text)
	}
	return 0
}
