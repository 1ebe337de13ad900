package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Command is a PDU's command_id.
type Command uint32

// The commands of SMPP 3.4 §5.1.2.1 that are used between an ESME and an SMSC.
const (
	GenericNack       Command = 0x80000000
	BindReceiver      Command = 0x00000001
	BindTransmitter   Command = 0x00000002
	QuerySM           Command = 0x00000003
	SubmitSM          Command = 0x00000004
	DeliverSM         Command = 0x00000005
	Unbind            Command = 0x00000006
	CancelSM          Command = 0x00000008
	BindTransceiver   Command = 0x00000009
	EnquireLink       Command = 0x00000015
	AlertNotification Command = 0x00000102
	DataSM            Command = 0x00000103
)

const responseBit = 0x80000000

// Response returns the command of the response to c.
func (c Command) Response() Command { return c | responseBit }

// IsResponse reports whether c is a response, generic_nack included.
func (c Command) IsResponse() bool { return c&responseBit != 0 }

// HeaderSize is the size of a PDU without a body.
const HeaderSize = 16

// MaxSize bounds a PDU. The largest one of the standard has a message_payload
// of 65,535 octets.
const MaxSize = 68 << 10

// PDU is a PDU whose body has not been parsed.
type PDU struct {
	Command  Command
	Status   uint32
	Sequence uint32
	Body     []byte
}

// LengthError is an impossible command_length. What follows on the connection
// cannot be read.
type LengthError struct{ Length uint32 }

func (e *LengthError) Error() string {
	return fmt.Sprintf("command_length %d; want %d to %d", e.Length, HeaderSize, MaxSize)
}

// Read reads one PDU. The error is io.EOF at the end of the stream,
// io.ErrUnexpectedEOF within a PDU, a *LengthError, or that of r.
func Read(r io.Reader) (PDU, error) {
	var header [HeaderSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return PDU{}, err
	}
	length := binary.BigEndian.Uint32(header[:])
	p := PDU{
		Command:  Command(binary.BigEndian.Uint32(header[4:])),
		Status:   binary.BigEndian.Uint32(header[8:]),
		Sequence: binary.BigEndian.Uint32(header[12:]),
	}
	if length < HeaderSize || length > MaxSize {
		return p, &LengthError{length}
	}
	if length == HeaderSize {
		return p, nil
	}
	p.Body = make([]byte, length-HeaderSize)
	if _, err := io.ReadFull(r, p.Body); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return p, err
	}
	return p, nil
}

// CommandOf returns the command of a frame.
func CommandOf(frame []byte) Command { return Command(binary.BigEndian.Uint32(frame[4:])) }

// SetSequence changes the sequence number of a frame.
func SetSequence(frame []byte, sequence uint32) { binary.BigEndian.PutUint32(frame[12:], sequence) }

// Append appends the PDU as it goes over the line.
func (p PDU) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(HeaderSize+len(p.Body)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(p.Command))
	dst = binary.BigEndian.AppendUint32(dst, p.Status)
	dst = binary.BigEndian.AppendUint32(dst, p.Sequence)
	return append(dst, p.Body...)
}

// CString is the body of a response that has one field, an id.
func CString(s string) []byte { return append([]byte(s), 0) }

// ID reads the id that a response's body begins with. It may lack its NUL.
// Found is false if there is no body at all.
func (p PDU) ID() (id string, found bool) {
	r := reader{rest: p.Body}
	id, _ = r.cString()
	return id, len(p.Body) > 0
}
