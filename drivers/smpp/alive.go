package smpp

import (
	"context"
	"errors"
	"time"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
)

// test sends enquire_link after each quiet time.
func (n *session) test() {
	wait := time.NewTimer(n.quiet)
	defer wait.Stop()
	for {
		select {
		case <-n.dead:
			return
		case <-wait.C:
		}
		if rest := n.quiet - time.Since(time.Unix(0, n.heard.Load())); rest > 0 {
			wait.Reset(rest)
			continue
		}
		if err := n.enquire(); err != nil {
			n.fail(err)
			return
		}
		wait.Reset(n.quiet)
	}
}

func (n *session) enquire() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), n.timeout, errQuiet)
	defer cancel()
	_, failed := n.exchange(ctx, wire.PDU{Command: wire.EnquireLink}.Append(nil), nil)
	if failed != nil && !errors.Is(failed.err, errLeaving) {
		return failed.err
	}
	return nil
}

// unbound lets what is under way finish after the SMSC's unbind.
func (n *session) unbound(p wire.PDU) {
	n.drain(n.timeout)
	n.lastReply(wire.PDU{Command: wire.Unbind.Response(), Sequence: p.Sequence}, farewell)
	n.fail(errors.New("the SMSC has unbound"))
}

// retire lets no new requests in.
func (n *session) retire() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.leaving {
		n.leaving = true
		close(n.retired)
	}
	n.checkEmpty()
}

// drain lets no new requests in and waits for the responses to the others.
func (n *session) drain(patience time.Duration) {
	n.retire()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-n.empty:
	case <-n.dead:
	case <-timer.C:
	}
}

// leave unbinds after what is under way and ends the session.
func (n *session) leave() {
	n.drain(n.timeout)
	r := &request{frame: wire.PDU{Command: wire.Unbind}.Append(nil), response: make(chan wire.PDU, 1)}
	n.mu.Lock()
	n.number(r)
	n.mu.Unlock()
	patience := time.NewTimer(min(n.timeout, farewell))
	defer patience.Stop()
	select {
	case n.out <- r:
		select {
		case <-r.response:
		case <-n.dead:
		case <-patience.C:
		}
	case <-n.dead:
	case <-patience.C:
	}
	n.fail(errLeaving)
	n.ended.Wait()
}

// ending reports whether the session takes no new requests.
func (n *session) ending() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.leaving || n.err != nil
}

// fail ends the session; the first reason counts.
func (n *session) fail(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return
	}
	n.err = err
	close(n.dead)
	n.line.raw.Close() // TLS would want to write first
}
