package smpplab

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/anysms/anysms/conformance"
)

// parseEvent reads an event file: deliver_sm and its fields. Of those of §4.6.1 it has
// source_addr, destination_addr, esm_class, data_coding (0 or 8) and short_message.
func parseEvent(text []byte) (*pdu.DeliverSM, error) {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if lines[0] != "deliver_sm" {
		return nil, fmt.Errorf("%q; want deliver_sm, and its fields in the lines after it", lines[0])
	}
	p, _ := pdu.NewDeliverSM().(*pdu.DeliverSM)
	fields := make(map[string]string)
	for _, line := range lines[1:] {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("%q; want a field such as source_addr: 306900000001", line)
		}
		fields[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	class, err := strconv.ParseUint(orZero(fields["esm_class"]), 0, 8)
	if err != nil {
		return nil, fmt.Errorf("esm_class %q; want a number such as 0x04", fields["esm_class"])
	}
	p.EsmClass = byte(class)
	if err := p.SourceAddr.SetAddress(fields["source_addr"]); err != nil {
		return nil, fmt.Errorf("source_addr: %w", err)
	}
	if err := p.DestAddr.SetAddress(fields["destination_addr"]); err != nil {
		return nil, fmt.Errorf("destination_addr: %w", err)
	}
	encoding := data.GSM7BIT
	switch fields["data_coding"] {
	case "", "0":
	case "8":
		encoding = data.UCS2
	default:
		return nil, fmt.Errorf("data_coding %q; want 0 or 8", fields["data_coding"])
	}
	if err := p.Message.SetMessageWithEncoding(fields["short_message"], encoding); err != nil {
		return nil, fmt.Errorf("short_message: %w", err)
	}
	return p, nil
}

var _ conformance.Pusher = (*vendor)(nil)

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

func (v *vendor) bind(c *conn, p *pdu.BindRequest) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c.bound = p.GetHeader().CommandID != data.BIND_TRANSMITTER
}

// receiver waits for a connection that takes deliver_sm.
func (v *vendor) receiver(ctx context.Context) (*conn, error) {
	for {
		v.mu.Lock()
		for c := range v.conns {
			if c.bound {
				v.mu.Unlock()
				return c, nil
			}
		}
		v.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// Push sends a deliver_sm and waits for its response, over another connection if the
// first one ends.
func (v *vendor) Push(ctx context.Context, event []byte) (acknowledged bool, err error) {
	p, err := parseEvent(event)
	if err != nil {
		return false, err
	}
	for {
		c, err := v.receiver(ctx)
		if err != nil {
			return false, err
		}
		response := make(chan data.CommandStatusType, 1)
		v.mu.Lock()
		v.pushed++
		sequence := int32(v.pushed)
		v.waiting[sequence] = response
		v.mu.Unlock()
		p.SetSequenceNumber(sequence)
		buffer := pdu.NewBuffer(nil)
		p.Marshal(buffer)
		c.write(buffer.Bytes())
		select {
		case status := <-response:
			return status == data.ESME_ROK, nil
		case <-c.gone:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

func (v *vendor) responded(p *pdu.DeliverSMResp) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if response := v.waiting[p.GetSequenceNumber()]; response != nil {
		delete(v.waiting, p.GetSequenceNumber())
		response <- p.GetHeader().CommandStatus
	}
}
