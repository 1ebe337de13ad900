package smpptest

import (
	"errors"
	"fmt"
	"time"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
)

// patience is how long the SMSC waits for the response to deliver_sm.
const patience = 30 * time.Second

// ErrNoReceiver is the error of a delivery while nobody is bound to receive.
var ErrNoReceiver = errors.New("smpptest: no receiver or transceiver is bound")

// StatusError is a response that refuses a delivery.
type StatusError uint32

// Error returns the command_status in hexadecimal.
func (e StatusError) Error() string { return fmt.Sprintf("smpptest: command_status 0x%08X", uint32(e)) }

// Delivery is a deliver_sm.
type Delivery struct {
	From, To       string
	FromTON, ToTON byte // NPI is 1 if they are
	ESMClass       byte
	DataCoding     byte
	Octets         []byte // up to 254
	Params         []Param
}

// Param is an optional parameter.
type Param struct {
	Tag   uint16
	Value []byte
}

// Deliver sends a deliver_sm to one receiver and returns how it was
// acknowledged: nil, a StatusError, or another error if there was no response.
func (s *Server) Deliver(d Delivery) error {
	npi := func(ton byte) byte { return min(ton, 1) }
	m := wire.Message{
		Source:   wire.Address{TON: d.FromTON, NPI: npi(d.FromTON), Addr: d.From},
		Dest:     wire.Address{TON: d.ToTON, NPI: npi(d.ToTON), Addr: d.To},
		ESMClass: d.ESMClass, DataCoding: d.DataCoding, ShortMessage: d.Octets,
	}
	for _, p := range d.Params {
		m.TLVs = append(m.TLVs, wire.TLV(p))
	}
	if _, err := m.Deliver(0); err != nil {
		return err
	}
	return s.DeliverFrame(func(sequence uint32) []byte {
		frame, _ := m.Deliver(sequence)
		return frame
	})
}

// DeliverFrame is Deliver for any octets.
func (s *Server) DeliverFrame(frame func(sequence uint32) []byte) error {
	c := s.receiver()
	if c == nil {
		return ErrNoReceiver
	}
	response := c.request(wire.DeliverSM, frame, patience)
	switch {
	case response == nil:
		return errors.New("smpptest: no response to deliver_sm")
	case response.Status != 0:
		return StatusError(response.Status)
	}
	return nil
}

func (s *Server) receiver() *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if kind := c.bound(); kind == wire.BindReceiver || kind == wire.BindTransceiver {
			return c
		}
	}
	return nil
}

// Report gives a message its final state and sends the delivery report that it
// asked for, as appendix B of the standard has it.
func (s *Server) Report(id string, state byte) error {
	s.mu.Lock()
	m := s.byID[id]
	if m == nil {
		s.mu.Unlock()
		return fmt.Errorf("smpptest: no message has the id %s", id)
	}
	if m.State != state || m.done.IsZero() { // else it is the same report once more
		m.State, m.done = state, time.Now()
	}
	report := *m
	s.mu.Unlock()
	if report.RegisteredDelivery&3 == 0 || report.RegisteredDelivery&3 == 2 && state == StateDelivered {
		return nil
	}
	delivered := 0
	if state == StateDelivered {
		delivered = 1
	}
	text := fmt.Sprintf("id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:000 text:%.20s",
		id, delivered, report.At.UTC().Format("0601021504"), report.done.UTC().Format("0601021504"), stateWords[state], report.Text)
	return s.Deliver(Delivery{
		From: report.To, FromTON: report.DestTON, To: report.From, ToTON: report.SourceTON, ESMClass: wire.ESMClassReceipt, Octets: []byte(text),
		Params: []Param{{wire.TagReceiptedMessageID, wire.CString(id)}, {wire.TagMessageState, []byte{state}}},
	})
}
