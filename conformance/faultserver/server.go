package faultserver

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// Door is what happens to a connection before a request on it is read.
type Door int

// The doors.
const (
	Open      Door = iota // requests are read
	ResetDoor             // the connection is reset at once
	HangDoor              // nothing is read and nothing said
	HalfDoor              // the connection is reset in the middle of the request
	SlowDoor              // the request is read byte by byte
	Gibberish             // whatever comes first is answered with bytes that are neither HTTP nor TLS
)

// Request is a request that reached the server.
type Request struct {
	HTTP *http.Request // its Body has been read; nil if not even the head could be read
	Body []byte
	Conn int   // the connection that carried it, from 1
	Nth  int   // its place on that connection, from 1
	Err  error // why it is incomplete; nil = it is whole
}

// Server listens on loopback. It is safe for concurrent use.
type Server struct {
	// URL is the server's address without a trailing slash.
	URL string

	handler  func(*Request) Reply
	listener net.Listener
	tls      *tls.Config
	done     chan struct{} // closed by Close: what hangs ends
	running  sync.WaitGroup

	mu       sync.Mutex
	door     Door
	closed   bool
	release  func() // gives up the port that Refuse holds; nil = none is
	opened   int
	conns    map[*conn]bool // true while a request is being read
	requests []*Request
}

// New starts a server that answers whole requests as handler says. Handlers run
// at once, one for each connection.
func New(handler func(*Request) Reply) (*Server, error) { return start(handler, nil) }

// NewTLS starts a server for https whose certificate nobody trusts.
func NewTLS(handler func(*Request) Reply) (*Server, error) {
	certificate, err := selfSigned()
	if err != nil {
		return nil, err
	}
	return start(handler, &tls.Config{Certificates: []tls.Certificate{certificate}})
}

func start(handler func(*Request) Reply, config *tls.Config) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("faultserver: %w", err)
	}
	s := &Server{
		URL:      "http://" + l.Addr().String(),
		handler:  handler,
		listener: l,
		tls:      config,
		done:     make(chan struct{}),
		conns:    make(map[*conn]bool),
	}
	if config != nil {
		s.URL = "https://" + l.Addr().String()
	}
	s.running.Go(s.accept)
	return s, nil
}

// SetDoor decides what happens to requests that have not begun.
func (s *Server) SetDoor(d Door) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.door = d
}

// Refuse closes the door for good: connections are refused, and those that are
// there are dropped. The port is held, so that a request does not reach another
// server of the same run.
func (s *Server) Refuse() {
	_ = s.listener.Close() // it may be closed already
	s.mu.Lock()
	if s.release == nil && !s.closed {
		s.release = httpcalltest.Hold(s.listener.Addr().String())
	}
	s.mu.Unlock()
	s.drop(func(bool) bool { return true })
}

// DropIdle closes the connections on which no request has begun that is not
// wholly read, as servers do that have waited long enough. It is called
// between requests.
func (s *Server) DropIdle() { s.drop(func(busy bool) bool { return !busy }) }

func (s *Server) drop(which func(busy bool) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, busy := range s.conns {
		if which(busy) {
			_ = c.Close() // its goroutine sees it
		}
	}
}

// Requests lists the requests so far, in the order of their first bytes. One
// that is still being read counts, and is incomplete.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Request, 0, len(s.requests))
	for _, rq := range s.requests {
		list = append(list, *rq)
	}
	return list
}

// Connections counts the connections that were ever accepted.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// OpenConnections counts the connections that are open now.
func (s *Server) OpenConnections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Close ends the server and waits for its goroutines. It may be called again.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	s.mu.Unlock()
	s.Refuse()
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.release != nil {
		s.release()
		s.release = nil
	}
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.running.Go(func() { s.serve(c) })
	}
}

// conn is one connection and its place in the count.
type conn struct {
	net.Conn
	number int
}

func (s *Server) serve(raw net.Conn) {
	c := s.enter(raw)
	if c == nil {
		return
	}
	defer s.leave(c)
	if s.tls != nil {
		secured := tls.Server(raw, s.tls)
		if s.present() == HangDoor {
			s.hang()
			return
		}
		if secured.Handshake() != nil {
			return
		}
		c.Conn = secured
	}
	r := bufio.NewReader(c.Conn)
	if s.present() == Open && speaksHTTP2(r) {
		s.serveHTTP2(c, r)
		return
	}
	for nth := 1; s.exchange(c, r, nth); nth++ {
	}
}

func (s *Server) enter(raw net.Conn) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = raw.Close()
		return nil
	}
	s.opened++
	c := &conn{Conn: raw, number: s.opened}
	s.conns[c] = false
	return c
}

func (s *Server) leave(c *conn) {
	_ = c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

func (s *Server) present() Door {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.door
}

func (s *Server) hang() { <-s.done }

// exchange takes one request and answers it; it reports whether the connection
// stays.
func (s *Server) exchange(c *conn, r *bufio.Reader, nth int) bool {
	if s.shut(c, s.present()) {
		return false
	}
	if _, err := r.Peek(1); err != nil {
		return false
	}
	rq := s.begin(c, nth)
	door := s.present()
	if s.shut(c, door) {
		return false
	}
	switch door {
	case HalfDoor:
		c.reset()
		return false
	case Gibberish:
		_, _ = io.WriteString(c.Conn, "\x05\x00\x00\x00 not what you speak\r\n\r\n")
		return false
	case SlowDoor:
		r = bufio.NewReader(&slowReader{from: r, done: s.done})
	}
	if !s.read(c, r, rq) {
		return false
	}
	return s.handler(rq).write(c, s.done)
}

// shut is what the doors do that look at no request.
func (s *Server) shut(c *conn, d Door) bool {
	switch d {
	case ResetDoor:
		c.reset()
		return true
	case HangDoor:
		s.hang()
		return true
	}
	return false
}

func (s *Server) begin(c *conn, nth int) *Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	rq := &Request{Conn: c.number, Nth: nth, Err: io.ErrUnexpectedEOF}
	s.requests = append(s.requests, rq)
	s.conns[c] = true
	return rq
}

// read fills in what the connection brings, and reports whether it is whole.
func (s *Server) read(c *conn, r *bufio.Reader, rq *Request) bool {
	req, err := http.ReadRequest(r)
	var body []byte
	if err == nil {
		if strings.EqualFold(req.Header.Get("Expect"), "100-continue") {
			_, _ = io.WriteString(c.Conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		body, err = io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	s.fill(c, rq, req, body, err)
	return err == nil
}

// fill writes under the lock, as requests are shared with readers of Requests.
func (s *Server) fill(c *conn, rq *Request, req *http.Request, body []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rq.HTTP, rq.Body, rq.Err = req, body, err
	s.conns[c] = false
}

// reset makes the kernel drop the connection without a proper end.
func (c *conn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// slowReader takes a millisecond for every sixteen bytes.
type slowReader struct {
	from io.Reader
	done chan struct{}
	n    int
}

func (s *slowReader) Read(b []byte) (int, error) {
	if s.n++; s.n%16 == 0 {
		select {
		case <-s.done:
			return 0, io.ErrUnexpectedEOF
		case <-time.After(time.Millisecond):
		}
	}
	return s.from.Read(b[:1])
}
