package smpp

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
	"github.com/anysms/anysms/provider"
)

// session is one bound connection: a goroutine writes, one reads, one tests a
// quiet line and one hands over what the SMSC delivers. Callers wait; one that is
// alone writes its request itself, which saves a change of goroutines.
type session struct {
	kind    wire.Command
	line    *line
	timeout time.Duration // for a response, and for a write
	quiet   time.Duration // before the line is tested
	deliver func(context.Context, *session, []wire.PDU)

	out       chan *request
	turn      chan struct{} // has a token while somebody writes
	delivered chan wire.PDU
	heard     atomic.Int64  // when the SMSC last sent something, Unix nanoseconds
	dead      chan struct{} // closed when the session has failed; err is set then
	ended     sync.WaitGroup
	writer    chan struct{} // closed when the writer has ended
	free      int           // slots of the window; the pool's

	mu      sync.Mutex
	pending map[uint32]*request
	active  int // pending requests whose callers wait
	next    uint32
	err     error
	leaving bool          // no new requests
	retired chan struct{} // closed when leaving
	empty   chan struct{} // closed when leaving and nobody waits
}

// request is a frame on its way to the SMSC.
type request struct {
	frame    []byte
	state    atomic.Int32
	response chan wire.PDU // nil for a response of ours
	late     func(wire.PDU)
	left     bool          // the caller is gone; guarded by session.mu
	written  chan struct{} // if not nil, closed once the frame is written
}

// The states of a request. One that is queued can still be withdrawn.
const (
	queued int32 = iota
	withdrawn
	writing // it may have been written
	unwritten
)

var (
	errLeaving = errors.New("the connection is being closed")
	errQuiet   = errors.New("the SMSC did not respond to enquire_link")
)

// farewell is how long a last exchange before the end may take.
const farewell = 2 * time.Second

// queueSize is how many frames may wait for the writer, and deliveries for the
// handler. An SMSC whose window is larger is told to repeat.
const queueSize = 256

func newSession(l *line, kind wire.Command, s *settings, deliver func(context.Context, *session, []wire.PDU)) *session {
	n := &session{
		kind: kind, line: l, timeout: s.Timeout.Std(), quiet: s.EnquireLink.Std(), deliver: deliver,
		out: make(chan *request, queueSize), delivered: make(chan wire.PDU, queueSize),
		turn: make(chan struct{}, 1), dead: make(chan struct{}), writer: make(chan struct{}), free: s.Window,
		pending: make(map[uint32]*request), next: l.next,
		empty: make(chan struct{}), retired: make(chan struct{}),
	}
	n.heard.Store(time.Now().UnixNano())
	for _, run := range []func(){n.write, n.read, n.test, n.handOver} {
		n.ended.Go(run)
	}
	return n
}

// lost is what became of a request without a response.
type lost struct {
	written bool // it may have been
	err     error
}

// code is what it says about a message.
func (l *lost) code() provider.Code {
	if l.written {
		return provider.Indeterminate
	}
	return provider.Unavailable
}

// exchange sends a request, in whose frame it writes a sequence number, and waits
// for the response. If the caller's context ends before, a response that comes
// after all is given to late.
func (n *session) exchange(ctx context.Context, frame []byte, late func(wire.PDU)) (wire.PDU, *lost) {
	r := &request{frame: frame, response: make(chan wire.PDU, 1), late: late}
	sequence, alone, err := n.book(r)
	if err != nil {
		return wire.PDU{}, &lost{err: err}
	}
	if !alone || !n.writeAtOnce(ctx, r) {
		select {
		case n.out <- r:
		case <-n.dead:
			return wire.PDU{}, &lost{err: n.err}
		case <-ctx.Done():
			n.forget(sequence)
			return wire.PDU{}, &lost{err: context.Cause(ctx)}
		}
	}
	select {
	case p := <-r.response:
		return p, nil
	case <-n.dead:
		<-n.writer
		select {
		case p := <-r.response:
			return p, nil
		default:
			return wire.PDU{}, &lost{written: r.state.Load() == writing, err: n.err}
		}
	case <-ctx.Done():
		return n.giveUp(ctx, sequence, r)
	}
}

// giveUp withdraws a request, or leaves its response to late.
func (n *session) giveUp(ctx context.Context, sequence uint32, r *request) (wire.PDU, *lost) {
	if r.state.CompareAndSwap(queued, withdrawn) {
		n.forget(sequence)
		return wire.PDU{}, &lost{err: context.Cause(ctx)}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case p := <-r.response:
		return p, nil
	default:
	}
	if r.state.Load() == unwritten {
		return wire.PDU{}, &lost{err: context.Cause(ctx)}
	}
	r.left = true
	n.active--
	n.checkEmpty()
	return wire.PDU{}, &lost{written: true, err: context.Cause(ctx)}
}

// maxPending bounds the requests whose callers have gone without a response.
const maxPending = 1 << 16

// book gives the request a sequence number, 1 to 0x7FFFFFFF. It is alone if the
// SMSC has responded to all others.
func (n *session) book(r *request) (sequence uint32, alone bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.err != nil:
		return 0, false, n.err
	case n.leaving:
		return 0, false, errLeaving
	case len(n.pending) >= maxPending:
		return 0, false, errors.New("too many requests have no response")
	}
	alone = len(n.pending) == 0
	return n.number(r), alone, nil
}

// number needs the lock.
func (n *session) number(r *request) uint32 {
	sequence := n.next
	if n.next = (n.next + 1) & 0x7FFFFFFF; n.next == 0 {
		n.next = 1
	}
	wire.SetSequence(r.frame, sequence)
	n.pending[sequence] = r
	n.active++
	return sequence
}

func (n *session) forget(sequence uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pending[sequence] != nil {
		delete(n.pending, sequence)
		n.active--
	}
	n.checkEmpty()
}

// checkEmpty needs the lock.
func (n *session) checkEmpty() {
	if !n.leaving || n.active > 0 {
		return
	}
	select {
	case <-n.empty:
	default:
		close(n.empty)
	}
}
