package smpptest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
)

// conn is one connection of an ESME.
type conn struct {
	server *Server
	net    net.Conn
	raw    *net.TCPConn
	in     *bufio.Reader

	mu      sync.Mutex // held while writing, too
	kind    wire.Command
	next    uint32
	waiting map[uint32]chan wire.PDU
	open    int // requests without a response
}

func newConn(s *Server, c net.Conn, raw *net.TCPConn) *conn {
	return &conn{server: s, net: c, raw: raw, in: bufio.NewReader(c), next: 1, waiting: make(map[uint32]chan wire.PDU)}
}

// cut ends the connection with a reset.
func (c *conn) cut() {
	_ = c.raw.SetLinger(0)
	c.raw.Close()
}

func (c *conn) bound() wire.Command {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kind
}

func (c *conn) serve() {
	s := c.server
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		c.cut()
		return
	}
	s.conns[c] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		c.raw.Close()
	}()
	for {
		var in io.Reader = c.in
		cut := -1
		if _, err := c.in.Peek(1); err == nil && c.bound() != 0 {
			if cut = s.takeCut(); cut == 0 {
				s.cutDone()
				c.cut()
				return
			}
		}
		if cut > 0 {
			in = io.LimitReader(c.in, int64(cut))
		}
		p, err := wire.Read(in)
		if cut > 0 {
			s.cutDone()
			if err == nil && p.Command == wire.SubmitSM {
				c.takeSilently(p)
			}
			c.cut()
			return
		}
		if err != nil {
			if _, lied := errors.AsType[*wire.LengthError](err); lied {
				c.write(wire.PDU{Command: wire.GenericNack, Status: rInvCmdLen, Sequence: p.Sequence})
			}
			return
		}
		if !c.take(p) {
			return
		}
	}
}

func (c *conn) takeSilently(p wire.PDU) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.submits++
	if m, status := check(p.Body); status == 0 {
		s.take(m)
	}
}

// take handles a PDU and reports whether the connection goes on.
func (c *conn) take(p wire.PDU) bool {
	if p.Command.IsResponse() {
		c.mu.Lock()
		waiting := c.waiting[p.Sequence]
		delete(c.waiting, p.Sequence)
		c.mu.Unlock()
		if waiting != nil {
			waiting <- p
		}
		return true
	}
	kind := c.bound()
	switch p.Command {
	case wire.BindTransmitter, wire.BindReceiver, wire.BindTransceiver:
		return c.bind(p)
	case wire.EnquireLink:
		c.server.mu.Lock()
		hang := c.server.onLink
		c.server.mu.Unlock()
		if !hang {
			c.respond(p, 0, nil)
		}
	case wire.Unbind:
		c.respond(p, 0, nil)
		return false
	case wire.SubmitSM, wire.QuerySM, wire.CancelSM:
		if kind != wire.BindTransmitter && kind != wire.BindTransceiver {
			c.respond(p, rInvBndSts, nil)
			return true
		}
		c.transmit(p)
	default:
		c.write(wire.PDU{Command: wire.GenericNack, Status: rInvCmdID, Sequence: p.Sequence})
	}
	return true
}

func (c *conn) bind(p wire.PDU) bool {
	s := c.server
	s.mu.Lock()
	s.binds++
	status := s.onBind
	s.mu.Unlock()
	b, err := wire.ParseBind(p.Body)
	switch {
	case status != 0:
	case err != nil:
		status = rInvCmdLen
	case c.bound() != 0:
		status = rAlyBnd
	case b.SystemID != s.config.SystemID:
		status = rInvSysID
	case b.Password != s.config.Password:
		status = rInvPaswd
	}
	if status != 0 {
		c.respond(p, status, nil) // without a body, as the standard has it
		return true
	}
	c.mu.Lock()
	c.kind = p.Command
	c.mu.Unlock()
	c.respond(p, 0, append(wire.CString("smpptest"), wire.TLVs{{Tag: wire.TagSCInterfaceVersion, Value: []byte{0x34}}}.Append(nil)...))
	return true
}

func (c *conn) transmit(p wire.PDU) {
	switch p.Command {
	case wire.QuerySM:
		c.query(p)
		return
	case wire.CancelSM:
		c.cancel(p)
		return
	}
	c.mu.Lock()
	c.open++
	full := c.server.config.Window > 0 && c.open > c.server.config.Window
	c.mu.Unlock()
	reply, id := c.submit(p.Body, full)
	done := func() {
		c.mu.Lock()
		c.open--
		c.mu.Unlock()
	}
	if reply.Delay == 0 && reply.Before == nil {
		done()
		c.answer(p, reply, id)
		return
	}
	c.server.running.Go(func() {
		time.Sleep(reply.Delay)
		if reply.Before != nil {
			reply.Before(id)
		}
		done()
		c.answer(p, reply, id)
	})
}

func (c *conn) submit(body []byte, full bool) (Reply, string) {
	s := c.server
	m, status := check(body)
	s.mu.Lock()
	s.submits++
	decide := s.onSubmit
	s.mu.Unlock()
	switch {
	case status != 0:
		return Reply{Status: status}, ""
	case full:
		return Reply{Status: rThrottled}, ""
	}
	var reply Reply
	if decide != nil {
		reply = decide(*m)
	}
	if reply.Status != 0 || reply.Nack {
		return reply, ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(m)
	return reply, m.ID
}

func (c *conn) answer(p wire.PDU, r Reply, id string) {
	response := wire.PDU{Command: p.Command.Response(), Status: r.Status, Sequence: p.Sequence}
	if r.Status == 0 && !r.Bare {
		response.Body = wire.CString(id)
		if r.NUL {
			response.Body = []byte(id)
		}
	}
	if r.Nack {
		response = wire.PDU{Command: wire.GenericNack, Status: r.Status, Sequence: p.Sequence}
	}
	if r.Wrong {
		response.Sequence += 1000
	}
	frame := response.Append(nil)
	switch {
	case r.Raw != nil:
		frame = r.Raw
	case r.Twice:
		frame = append(frame, frame...)
	case r.Partial > 0:
		frame = frame[:min(r.Partial, len(frame))]
	}
	if r.Silent {
		return
	}
	if !r.Drop {
		c.writeFrame(frame)
	}
	if r.Drop || r.Partial > 0 {
		c.cut()
	}
}

func (c *conn) query(p wire.PDU) {
	q, err := wire.ParseQuery(p.Body)
	s := c.server
	s.mu.Lock()
	m := s.byID[q.ID]
	var state byte
	if m != nil {
		state = m.State
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		c.respond(p, rInvCmdLen, nil)
	case m == nil || q.Source.Addr != m.From:
		c.respond(p, rQueryFail, nil)
	default:
		result := wire.QueryResult{ID: q.ID, State: state}
		if state != StateEnroute {
			result.FinalDate = m.At.UTC().Format("060102150405") + "000+"
		}
		c.respond(p, 0, result.Append(nil))
	}
}

func (c *conn) cancel(p wire.PDU) {
	q, err := wire.ParseCancel(p.Body)
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.byID[q.ID]
	switch {
	case err != nil:
		c.respond(p, rInvCmdLen, nil)
	case m == nil:
		c.respond(p, rInvMsgID, nil)
	case m.State != StateEnroute || q.Source.Addr != m.From:
		c.respond(p, rCancelFail, nil)
	default:
		m.State = StateDeleted
		c.respond(p, 0, nil)
	}
}

func (c *conn) respond(p wire.PDU, status uint32, body []byte) {
	c.write(wire.PDU{Command: p.Command.Response(), Status: status, Sequence: p.Sequence, Body: body})
}

func (c *conn) write(p wire.PDU) { c.writeFrame(p.Append(nil)) }

// writeFrame ignores errors: the reader learns of them.
func (c *conn) writeFrame(frame []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = c.net.Write(frame)
}

// request makes a request of the SMSC and waits for the response; nil = none.
func (c *conn) request(command wire.Command, frame func(uint32) []byte, patience time.Duration) *wire.PDU {
	return await(c.ask(command, frame), patience)
}

// ask makes a request of the SMSC.
func (c *conn) ask(command wire.Command, frame func(uint32) []byte) <-chan wire.PDU {
	response := make(chan wire.PDU, 1)
	c.mu.Lock()
	sequence := c.next
	c.next++
	c.waiting[sequence] = response
	c.mu.Unlock()
	if frame == nil {
		frame = func(sequence uint32) []byte { return wire.PDU{Command: command, Sequence: sequence}.Append(nil) }
	}
	c.writeFrame(frame(sequence))
	return response
}

// await returns the response; nil = there is none.
func await(response <-chan wire.PDU, patience time.Duration) *wire.PDU {
	select {
	case p := <-response:
		return &p
	case <-time.After(patience):
		return nil
	}
}
