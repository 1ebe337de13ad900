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

// Intake is how the server reads requests.
type Intake int

// The ways to read requests.
const (
	ReadAll         Intake = iota // completely
	ResetBeforeRead               // not at all: the connection is reset
	HangBeforeRead                // not at all: the connection stays open
	ResetInRequest                // the first byte, then the connection is reset
	ReadSlowly                    // slowly, byte by byte
	Gibberish                     // the first byte, then bytes that are neither HTTP nor TLS are sent
)

// Request is a request that reached the server.
type Request struct {
	HTTP *http.Request // its Body has been read; nil if the header could not be read
	Body []byte
	Conn int   // number of its connection, from 1
	Nth  int   // number on that connection, from 1
	Err  error // why it is incomplete; nil = it is complete
}

// Server listens on loopback. It is safe for concurrent use.
type Server struct {
	// URL is the server's address without a trailing slash.
	URL string

	handler  func(*Request) Reply
	listener net.Listener
	tls      *tls.Config
	done     chan struct{} // closed by Close, ends what hangs
	running  sync.WaitGroup

	mu       sync.Mutex
	intake   Intake
	closed   bool
	release  func() // frees the port that Refuse reserved; nil = none is
	opened   int
	conns    map[*conn]bool // true while a request is being read
	requests []*Request
}

// New starts a server. handler returns the reply to each complete request; it is
// called concurrently for different connections.
func New(handler func(*Request) Reply) (*Server, error) { return start(handler, nil) }

// NewTLS is New for https, with a certificate that clients do not trust.
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

// SetIntake sets how requests are read that have not started.
func (s *Server) SetIntake(d Intake) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intake = d
}

// Refuse makes the server refuse connections from now on, and closes the existing
// ones. The port stays reserved, so that a request does not reach another server.
func (s *Server) Refuse() {
	s.mu.Lock()
	if s.release == nil {
		s.release = httpcalltest.StopListening(s.listener)
	}
	s.mu.Unlock()
	s.drop(func(bool) bool { return true })
}

// DropIdle closes idle connections, as servers do after a timeout. It must be called
// between requests.
func (s *Server) DropIdle() { s.drop(func(busy bool) bool { return !busy }) }

func (s *Server) drop(which func(busy bool) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, busy := range s.conns {
		if which(busy) {
			_ = c.Close() // ends its goroutine
		}
	}
}

// Requests lists the requests so far, in the order of their first bytes, including
// requests that are still being read.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Request, 0, len(s.requests))
	for _, rq := range s.requests {
		list = append(list, *rq)
	}
	return list
}

// Connections returns the number of connections accepted so far.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// OpenConnections returns the number of open connections.
func (s *Server) OpenConnections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Close stops the server and waits for its goroutines. It may be called repeatedly.
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
	s.release()
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

// conn is a connection with its number.
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
		if s.present() == HangBeforeRead {
			s.hang()
			return
		}
		if secured.Handshake() != nil {
			return
		}
		c.Conn = secured
	}
	r := bufio.NewReader(c.Conn)
	if s.present() == ReadAll && speaksHTTP2(r) {
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

func (s *Server) present() Intake {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.intake
}

func (s *Server) hang() { <-s.done }

// exchange reads one request and replies to it. It reports whether the connection
// stays open.
func (s *Server) exchange(c *conn, r *bufio.Reader, nth int) bool {
	if s.shut(c, s.present()) {
		return false
	}
	if _, err := r.Peek(1); err != nil {
		return false
	}
	rq := s.begin(c, nth)
	intake := s.present()
	if s.shut(c, intake) {
		return false
	}
	switch intake {
	case ResetInRequest:
		c.reset()
		return false
	case Gibberish:
		_, _ = io.WriteString(c.Conn, "\x05\x00\x00\x00 neither HTTP nor TLS\r\n\r\n")
		return false
	case ReadSlowly:
		r = bufio.NewReader(&slowReader{from: r, done: s.done})
	}
	if !s.read(c, r, rq) {
		return false
	}
	return s.handler(rq).write(c, s.done)
}

// shut handles the intakes that do not read requests. It reports whether the
// connection ends.
func (s *Server) shut(c *conn, d Intake) bool {
	switch d {
	case ResetBeforeRead:
		c.reset()
		return true
	case HangBeforeRead:
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

// read reads the rest of a request. It reports whether the request is complete.
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

// fill sets the fields under the lock, as Requests reads them.
func (s *Server) fill(c *conn, rq *Request, req *http.Request, body []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rq.HTTP, rq.Body, rq.Err = req, body, err
	s.conns[c] = false
}

// reset makes the kernel reset the connection.
func (c *conn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// slowReader pauses for a millisecond after every sixteen bytes.
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
