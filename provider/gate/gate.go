// Package gate shuts a service down without cutting off calls in progress: a closed
// [Gate] lets no call in, and reports when the last one has left.
package gate

import "sync"

// Gate counts the calls inside and can be closed to new ones. The zero value is
// open. It is safe for concurrent use and must not be copied after the first
// call.
type Gate struct {
	mu     sync.Mutex
	inside int
	closed bool
	empty  chan struct{} // closed once the gate is closed and nobody is inside
}

// Enter reports whether the gate is open. If so, Leave must follow.
func (g *Gate) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.inside++
	return true
}

// Add counts one more call, for a goroutine that a caller who is inside leaves behind:
// Leave must follow once more. It also works when the gate is closed.
func (g *Gate) Add() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside++
}

// Leave ends what a successful Enter or an Add began.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.closed && g.inside == 0 {
		close(g.empty)
	}
}

// Close lets nobody in any more and returns a channel that is closed when the
// last call has left. It may be called again and returns the same channel.
func (g *Gate) Close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.closed, g.empty = true, make(chan struct{})
		if g.inside == 0 {
			close(g.empty)
		}
	}
	return g.empty
}
