package wire

import (
	"encoding/binary"
	"errors"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// marshal writes a request of gosmpp and the parameters after it.
func marshal(p pdu.PDU, sequence uint32, tlvs TLVs) []byte {
	p.SetSequenceNumber(int32(sequence))
	buffer := pdu.NewBuffer(nil)
	p.Marshal(buffer)
	frame := tlvs.Append(buffer.Bytes())
	binary.BigEndian.PutUint32(frame, uint32(len(frame)))
	return frame
}

func (a Address) encode() (pdu.Address, error) {
	return pdu.NewAddressWithTonNpiAddr(a.TON, a.NPI, a.Addr)
}

// Frame writes the bind request of the command.
func (b Bind) Frame(command Command, sequence uint32) []byte {
	kinds := map[Command]pdu.BindingType{BindReceiver: pdu.Receiver, BindTransmitter: pdu.Transmitter, BindTransceiver: pdu.Transceiver}
	request := pdu.NewBindRequest(kinds[command])
	request.SystemID, request.Password, request.SystemType = b.SystemID, b.Password, b.SystemType
	request.AddressRange = pdu.AddressRange{Ton: b.Range.TON, Npi: b.Range.NPI, AddressRange: b.Range.Addr}
	return marshal(request, sequence, nil)
}

// coded tells gosmpp a data_coding; the octets are ours.
type coded byte

var errOctetsOnly = errors.New("wire: texts are encoded by package encoding")

func (coded) Encode(string) ([]byte, error) { return nil, errOctetsOnly }
func (coded) Decode([]byte) (string, error) { return "", errOctetsOnly }
func (c coded) DataCoding() byte            { return byte(c) }

func (m *Message) short() (pdu.ShortMessage, error) {
	s := pdu.ShortMessage{SmDefaultMsgID: m.DefaultMessageID}
	return s, s.SetMessageDataWithEncoding(m.ShortMessage, data.Encoding(coded(m.DataCoding)))
}

// Submit writes submit_sm. It fails for an address of more than 21 octets and
// for a short message of more than 254.
func (m *Message) Submit(sequence uint32) ([]byte, error) {
	source, err1 := m.Source.encode()
	dest, err2 := m.Dest.encode()
	short, err3 := m.short()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	request := pdu.NewSubmitSM().(*pdu.SubmitSM)
	request.ServiceType, request.SourceAddr, request.DestAddr = m.ServiceType, source, dest
	request.EsmClass, request.ProtocolID, request.PriorityFlag = m.ESMClass, m.ProtocolID, m.Priority
	request.ScheduleDeliveryTime, request.ValidityPeriod = m.Schedule, m.Validity
	request.RegisteredDelivery, request.ReplaceIfPresentFlag = m.RegisteredDelivery, m.ReplaceIfPresent
	request.Message = short
	return marshal(request, sequence, m.TLVs), nil
}

// Deliver writes deliver_sm, with the limits of Submit.
func (m *Message) Deliver(sequence uint32) ([]byte, error) {
	source, err1 := m.Source.encode()
	dest, err2 := m.Dest.encode()
	short, err3 := m.short()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	request := pdu.NewDeliverSM().(*pdu.DeliverSM)
	request.ServiceType, request.SourceAddr, request.DestAddr = m.ServiceType, source, dest
	request.EsmClass, request.ProtocolID, request.PriorityFlag = m.ESMClass, m.ProtocolID, m.Priority
	request.RegisteredDelivery = m.RegisteredDelivery
	request.Message = short
	return marshal(request, sequence, m.TLVs), nil
}

// Frame writes query_sm.
func (q Query) Frame(sequence uint32) ([]byte, error) {
	source, err := q.Source.encode()
	if err != nil {
		return nil, err
	}
	request := pdu.NewQuerySM().(*pdu.QuerySM)
	request.MessageID, request.SourceAddr = q.ID, source
	return marshal(request, sequence, nil), nil
}

// Frame writes cancel_sm.
func (c Cancel) Frame(sequence uint32) ([]byte, error) {
	source, err1 := c.Source.encode()
	dest, err2 := c.Dest.encode()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	request := pdu.NewCancelSM().(*pdu.CancelSM)
	request.ServiceType, request.MessageID = c.ServiceType, c.ID
	request.SourceAddr, request.DestAddr = source, dest
	return marshal(request, sequence, nil), nil
}
