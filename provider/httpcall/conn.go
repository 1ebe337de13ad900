package httpcall

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
)

// countedConn counts the bytes that the kernel has accepted.
type countedConn struct {
	net.Conn

	mu      sync.Mutex
	taken   int64
	writing bool
	sealed  bool
	reused  bool // the next write begins a request on a connection that was idle
}

var (
	errSealed = errors.New("the request was abandoned before it was written")
	errStale  = errors.New("the server had closed the idle connection")
)

func (c *countedConn) Write(b []byte) (int, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	c.mu.Lock()
	c.writing = false
	c.taken += int64(n)
	c.mu.Unlock()
	return n, err
}

// begin checks a reused connection before the first byte of a request: written
// to a dead one, the request would be indeterminate for no reason.
func (c *countedConn) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sealed {
		return errSealed
	}
	if c.reused && !alive(c.Conn) {
		return errStale
	}
	c.reused = false
	c.writing = true
	return nil
}

// mark starts a request: it returns the count so far.
func (c *countedConn) mark(reused bool) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reused = reused
	return c.taken
}

// seal refuses every later write and reports whether anything was written since
// the mark, or was being written.
func (c *countedConn) seal(mark int64) (written bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sealed = true
	return c.writing || c.taken > mark
}

// witness follows one request through httptrace to the connection that carries
// it.
type witness struct {
	mu      sync.Mutex
	conn    *countedConn
	start   int64
	foreign bool // a connection that was not counted: nothing can be proven
	reused  bool // the connection had been idle
	method  string
	ready   func()
}

func (w *witness) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		w.mu.Lock()
		defer w.mu.Unlock()
		// A second connection means that net/http found the first one dead
		// before it wrote to it; if it had written, that must not be forgotten.
		if w.conn != nil && w.conn.seal(w.start) {
			w.foreign = true
		}
		w.ready()
		w.conn = counted(info.Conn)
		if w.conn == nil {
			w.foreign = true
			return
		}
		w.start, w.reused = w.conn.mark(info.Reused), info.Reused
		if guarded, ok := info.Conn.(*guardedConn); ok {
			guarded.expect(w.method)
		}
	}}
}

// wrote ends the request, so that nothing of it can be written any more, and
// reports whether anything was.
func (w *witness) wrote() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.foreign || w.conn != nil && w.conn.seal(w.start)
}

// first reports whether the request was the first on its connection.
func (w *witness) first() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.conn != nil && !w.foreign && !w.reused
}

// wantsCertificate reports whether the server ended the TLS handshake because the
// client has no certificate. Under TLS 1.3 a client has finished the handshake, and
// has written its first request, before it learns of that; the server has not, and
// reads no request before it has (RFC 8446, sections 2 and 6.2; package tls sends no
// early data and offers no authentication after the handshake).
func wantsCertificate(err error) bool {
	alert, ok := errors.AsType[*net.OpError](err)
	return ok && alert.Op == "remote error" && alert.Err.Error() == "tls: certificate required"
}

func counted(c net.Conn) *countedConn {
	for {
		switch t := c.(type) {
		case *countedConn:
			return t
		case *guardedConn:
			c = t.Conn
		case *tls.Conn: // to the vendor, perhaps within one to the proxy
			c = t.NetConn()
		default:
			return nil
		}
	}
}
