package smpp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
)

// read takes what the SMSC sends.
func (n *session) read() {
	for {
		p, err := wire.Read(n.line.in)
		if damaged, ok := errors.AsType[*wire.LengthError](err); ok {
			n.lastReply(wire.PDU{Command: wire.GenericNack, Status: statusInvCmdLen, Sequence: p.Sequence}, farewell)
			err = damaged
		}
		if errors.Is(err, io.EOF) {
			err = errors.New("the SMSC closed the connection")
		}
		if err != nil {
			n.fail(err)
			return
		}
		n.heard.Store(time.Now().UnixNano())
		n.take(p)
	}
}

func (n *session) take(p wire.PDU) {
	if p.Command.IsResponse() {
		n.answered(p)
		return
	}
	switch p.Command {
	case wire.EnquireLink:
		n.reply(wire.PDU{Command: p.Command.Response(), Sequence: p.Sequence})
	case wire.DeliverSM, wire.DataSM:
		select {
		case n.delivered <- p:
		default:
			n.reply(acknowledge(p, statusTemporary))
		}
	case wire.Unbind:
		n.retire() // before what comes after it
		n.ended.Go(func() { n.unbound(p) })
	case wire.AlertNotification:
	default:
		n.reply(wire.PDU{Command: wire.GenericNack, Status: statusInvCmdID, Sequence: p.Sequence})
	}
}

// acknowledge makes the response to deliver_sm or data_sm, whose message_id is
// empty.
func acknowledge(p wire.PDU, status uint32) wire.PDU {
	return wire.PDU{Command: p.Command.Response(), Status: status, Sequence: p.Sequence, Body: []byte{0}}
}

// answered finds the request of a response. A response that belongs to none, such
// as a second one or one to a request that has not left, says nothing. A generic_nack without a number says that
// the SMSC has lost its place in the stream.
func (n *session) answered(p wire.PDU) {
	if p.Command == wire.GenericNack && p.Sequence == 0 {
		n.fail(fmt.Errorf("the SMSC could not read what it was sent: generic_nack, command_status %s", statusText(p.Status)))
		return
	}
	n.mu.Lock()
	r := n.pending[p.Sequence]
	if r == nil || r.state.Load() != writing || p.Command != wire.GenericNack && p.Command != wire.CommandOf(r.frame).Response() {
		n.mu.Unlock()
		return
	}
	delete(n.pending, p.Sequence)
	left := r.left
	if !left {
		n.active--
		r.response <- p
	}
	n.checkEmpty()
	n.mu.Unlock()
	if left && r.late != nil {
		r.late(p)
	}
}

// reply queues a response of ours.
func (n *session) reply(p wire.PDU) {
	select {
	case n.out <- &request{frame: p.Append(nil)}:
	case <-n.dead:
	}
}

// lastReply writes a response after which the session ends.
func (n *session) lastReply(p wire.PDU, patience time.Duration) {
	r := &request{frame: p.Append(nil), written: make(chan struct{})}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case n.out <- r:
	case <-n.dead:
		return
	case <-timer.C:
		return
	}
	select {
	case <-r.written:
	case <-n.dead:
	case <-timer.C:
	}
}

// maxTogether bounds the deliveries that are handed over in one call.
const maxTogether = 100

// handOver gives what was delivered to the handler, as much together as there
// is.
func (n *session) handOver() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n.ended.Go(func() {
		<-n.dead
		cancel()
	})
	for {
		var together []wire.PDU
		select {
		case p := <-n.delivered:
			together = append(together, p)
		case <-n.dead:
			return
		}
	more:
		for len(together) < maxTogether {
			select {
			case p := <-n.delivered:
				together = append(together, p)
			default:
				break more
			}
		}
		n.deliver(ctx, n, together)
	}
}
