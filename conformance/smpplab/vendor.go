package smpplab

import (
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/anysms/anysms/conformance"
)

// vendor is an SMSC.
type vendor struct {
	respond  conformance.Respond
	listener net.Listener
	done     chan struct{}
	running  sync.WaitGroup

	mu       sync.Mutex
	fault    string
	accepted int
	closed   bool
	conns    map[*conn]bool
	begun    int                                   // requests that were cut off by reset-in-request
	pushed   int                                   // deliver_sm so far
	waiting  map[int32]chan data.CommandStatusType // for the responses to them, by sequence number
	ids      int                                   // of segments that are not the last
}

func start(respond conformance.Respond) (*vendor, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	v := &vendor{respond: respond, listener: l, done: make(chan struct{}), conns: make(map[*conn]bool), waiting: make(map[int32]chan data.CommandStatusType)}
	v.running.Go(v.accept)
	return v, nil
}

func (v *vendor) Address() string { return v.listener.Addr().String() }

func (v *vendor) Fail(fault string) error {
	if fault == conformance.FaultRefused {
		v.listener.Close()
		v.drop(false)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fault = fault
	return nil
}

func (v *vendor) DropIdle() { v.drop(true) }

func (v *vendor) drop(idle bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for c := range v.conns {
		if !idle || c.busy == 0 {
			c.net.Close()
		}
	}
}

func (v *vendor) Connections() (accepted, open int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.accepted, len(v.conns)
}

func (v *vendor) Incomplete() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.begun
}

func (v *vendor) Close() {
	v.mu.Lock()
	if !v.closed {
		v.closed = true
		close(v.done)
	}
	v.mu.Unlock()
	v.listener.Close()
	v.drop(false)
	v.running.Wait()
}

func (v *vendor) accept() {
	for {
		n, err := v.listener.Accept()
		if err != nil {
			return
		}
		c := &conn{vendor: v, net: n.(*net.TCPConn), parts: make(map[string][]segment), gone: make(chan struct{})}
		v.mu.Lock()
		v.accepted++
		v.conns[c] = true
		v.mu.Unlock()
		v.running.Go(c.serve)
	}
}

// conn is a connection of the driver.
type conn struct {
	vendor *vendor
	net    *net.TCPConn
	busy   int // requests without a response; guarded by vendor.mu
	parts  map[string][]segment
	bound  bool          // as a receiver or transceiver; guarded by vendor.mu
	gone   chan struct{} // closed when the connection has ended

	mu sync.Mutex // held while writing
}

func (c *conn) serve() {
	defer func() {
		c.net.Close()
		close(c.gone)
		c.vendor.mu.Lock()
		delete(c.vendor.conns, c)
		c.vendor.mu.Unlock()
	}()
	bound := false
	for {
		if bound && c.failing("reset-in-request") {
			c.cutOff()
			return
		}
		p, err := pdu.Parse(c.net)
		if err != nil || !c.take(p) {
			return
		}
		bound = true
	}
}

func (c *conn) failing(fault string) bool {
	c.vendor.mu.Lock()
	defer c.vendor.mu.Unlock()
	return c.vendor.fault == fault
}

// cutOff reads the begin of a request and resets the connection.
func (c *conn) cutOff() {
	if _, err := io.ReadFull(c.net, make([]byte, 20)); err != nil {
		return
	}
	c.vendor.mu.Lock()
	c.vendor.begun++
	c.vendor.mu.Unlock()
	c.reset()
}

func (c *conn) reset() {
	_ = c.net.SetLinger(0)
	c.net.Close()
}

// take handles a PDU and reports whether the connection goes on.
func (c *conn) take(p pdu.PDU) bool {
	sequence := p.GetSequenceNumber()
	switch p := p.(type) {
	case *pdu.BindRequest:
		c.vendor.bind(c, p)
		c.write(frame(pdu.Header{CommandID: responseTo(p), SequenceNumber: sequence}, []byte("lab\x00")))
	case *pdu.DeliverSMResp:
		c.vendor.responded(p)
	case *pdu.Unbind:
		c.write(frame(pdu.Header{CommandID: data.UNBIND_RESP, SequenceNumber: sequence}, nil))
		return false
	case *pdu.SubmitSM:
		request, complete := c.whole(p)
		if !complete {
			c.write((&reply{command: data.SUBMIT_SM_RESP, fields: map[string]string{"message_id": c.vendor.segmentID()}}).frame(sequence))
			return true
		}
		c.answer(p, request)
	case *pdu.QuerySM, *pdu.CancelSM, *pdu.EnquireLink:
		c.answer(p, other(p))
	}
	return true
}

func (v *vendor) segmentID() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ids++
	return "segment-" + strconv.Itoa(v.ids)
}

// answer replies to a request in a goroutine, as the suite may let it wait.
func (c *conn) answer(p pdu.PDU, request conformance.Request) {
	v := c.vendor
	v.mu.Lock()
	fault := v.fault
	c.busy++
	v.mu.Unlock()
	v.running.Go(func() {
		defer func() {
			v.mu.Lock()
			c.busy--
			v.mu.Unlock()
		}()
		text := v.respond(request).Text
		r, err := parseReply(text)
		if len(text) == 0 || err != nil || r.command != responseTo(p) {
			r = &reply{command: responseTo(p)}
		}
		c.fail(fault, r, p.GetSequenceNumber())
	})
}

// fail writes the reply, or fails as the suite has said.
func (c *conn) fail(fault string, r *reply, sequence int32) {
	good := r.frame(sequence)
	header := pdu.Header{CommandID: r.command, CommandStatus: r.status, SequenceNumber: sequence}
	body := good[16:]
	switch fault {
	case conformance.FaultClose:
		c.net.Close()
	case "reset-after-read":
		c.reset()
	case conformance.FaultHang:
		<-c.vendor.done
	case "hang-in-response":
		c.write(good[:len(good)-1])
		<-c.vendor.done
	case "close-in-response":
		c.write(good[:len(good)-1])
		c.net.Close()
	case "slow-response":
		for i := range good {
			c.write(good[i : i+1])
			time.Sleep(time.Millisecond)
		}
	case "enquire-before-response":
		c.write(append(frame(pdu.Header{CommandID: data.ENQUIRE_LINK, SequenceNumber: sequence}, nil), good...))
	case "unbind-before-response":
		c.write(append(frame(pdu.Header{CommandID: data.UNBIND, SequenceNumber: sequence}, nil), good...))
	case "two-responses":
		c.write(append(good, good...))
	case "unknown-parameter":
		c.write(frame(header, append(body, 0x15, 0x55, 0, 2, 1, 2)))
	case "id-without-nul":
		c.write(frame(header, body[:max(0, len(body)-1)]))
	case "generic-nack":
		c.write(frame(pdu.Header{CommandID: data.GENERIC_NACK, CommandStatus: data.ESME_RINVCMDID, SequenceNumber: sequence}, nil))
	case "other-number":
		header.SequenceNumber += 1000
		c.write(frame(header, body))
	case "other-response":
		header.CommandID = data.DATA_SM_RESP
		c.write(frame(header, body))
	case "length-too-small":
		good[3] = 8
		c.write(good)
	case "length-too-large":
		good[0] = 0x7F
		c.write(good)
	case "gibberish":
		c.write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
	case "no-body":
		c.write(frame(header, nil))
	default:
		c.write(good)
	}
}

// write ignores errors: the reader sees the connection end.
func (c *conn) write(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = c.net.Write(b)
}
