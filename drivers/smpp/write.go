package smpp

import (
	"context"
	"runtime"
	"time"
)

// maxWrite is when no more frames are added to a write.
const maxWrite = 16 << 10

// write writes what the callers queue, as many frames together as are ready.
func (n *session) write() {
	defer close(n.writer)
	var buffer []byte
	var batch []*request
	var starts []int64
	for {
		buffer, batch, starts = buffer[:0], batch[:0], starts[:0]
		add := func(r *request) {
			if r.state.CompareAndSwap(queued, writing) {
				batch, starts = append(batch, r), append(starts, int64(len(buffer)))
				buffer = append(buffer, r.frame...)
			}
		}
		var first *request
		select {
		case first = <-n.out:
		case <-n.dead:
			return
		}
		n.turn <- struct{}{}
		add(first)
		if n.crowded() {
			runtime.Gosched() // lets others queue: most of the cost of a message is the write itself
		}
	more:
		for len(buffer) < maxWrite {
			select {
			case r := <-n.out:
				add(r)
			default:
				break more
			}
		}
		err := n.flush(buffer, batch, starts, time.Now().Add(n.timeout))
		<-n.turn
		if err != nil {
			n.fail(err)
			return
		}
	}
}

// writeAtOnce writes a request in its caller's goroutine, unless another one is
// writing. It is for a line on which nothing waits for a response: then the
// system takes a frame without delay, but an SMSC that does not even read holds
// the caller up no longer than until its deadline or the timeout.
func (n *session) writeAtOnce(ctx context.Context, r *request) bool {
	select {
	case n.turn <- struct{}{}:
	default:
		return false
	}
	r.state.Store(writing)
	by := time.Now().Add(n.timeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(by) {
		by = deadline
	}
	err := n.flush(r.frame, []*request{r}, []int64{0}, by)
	<-n.turn
	if err != nil {
		n.fail(err)
	}
	return true
}

// crowded reports whether others than the caller of one request may be about to queue.
func (n *session) crowded() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.active > 1
}

// flush writes the frames; it needs the turn. If it fails, those of which the
// system has taken nothing are marked.
func (n *session) flush(buffer []byte, batch []*request, starts []int64, by time.Time) error {
	if len(buffer) == 0 {
		return nil
	}
	before := n.line.raw.taken.Load()
	_ = n.line.SetWriteDeadline(by)
	_, err := n.line.Write(buffer)
	if err == nil {
		for _, r := range batch {
			if r.written != nil {
				close(r.written)
			}
		}
		return nil
	}
	taken := n.line.raw.taken.Load() - before
	plain := n.line.Conn == n.line.raw // else the bytes are those of TLS
	for i, r := range batch {
		if taken == 0 || plain && starts[i] >= taken {
			r.state.Store(unwritten)
		}
	}
	return err
}
