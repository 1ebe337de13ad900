package smpp

import (
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
		select {
		case r := <-n.out:
			add(r)
		case <-n.dead:
			return
		}
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
		if err := n.flush(buffer, batch, starts); err != nil {
			n.fail(err)
			return
		}
	}
}

// crowded reports whether others than the caller of one request may be about to queue.
func (n *session) crowded() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.active > 1
}

// flush writes the frames. If it fails, those of which the system has taken
// nothing are marked.
func (n *session) flush(buffer []byte, batch []*request, starts []int64) error {
	if len(buffer) == 0 {
		return nil
	}
	before := n.line.raw.taken.Load()
	_ = n.line.SetWriteDeadline(time.Now().Add(n.timeout))
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
