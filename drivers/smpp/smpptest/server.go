// Package smpptest is a fake SMSC for tests, like net/http/httptest for HTTP: it
// listens on loopback, speaks SMPP 3.4 and keeps what it accepted.
//
// It is strict: a request that the standard does not allow in its state gets the
// standard's error. It is stateful: accepted messages have a state, which
// query_sm, cancel_sm and delivery reports follow. And it fails as it is told.
package smpptest

import (
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/anysms/anysms/drivers/smpp/internal/wire"
)

// Config says what the SMSC is like. The zero Config has the account esme with
// the password secret.
type Config struct {
	SystemID string // default esme
	Password string // default secret
	TLS      *tls.Config
	Window   int                // more requests at once are throttled; 0 = any number
	ID       func(n int) string // the id of the nth message, from 1; default its number
}

// Server is a fake SMSC. It is safe for concurrent use.
type Server struct {
	config   Config
	listener net.Listener
	running  sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	conns    map[*conn]bool
	submits  int
	accepted []*Message
	byID     map[string]*Message
	onSubmit func(Message) Reply
	onBind   uint32
	onLink   bool // enquire_link gets no response
	cut      int  // octets of a PDU to read before the connection is cut; -1 = none
	binds    int
}

// NewServer starts a server. It panics if it cannot listen.
func NewServer(config Config) *Server {
	if config.SystemID == "" {
		config.SystemID = "esme"
	}
	if config.Password == "" {
		config.Password = "secret"
	}
	if config.ID == nil {
		config.ID = func(n int) string { return fmt.Sprint(n) }
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic("smpptest: " + err.Error())
	}
	s := &Server{config: config, listener: listener, conns: make(map[*conn]bool), byID: make(map[string]*Message), cut: -1}
	s.running.Go(s.accept)
	return s
}

// Address is the host and port.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Close ends all connections.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.listener.Close()
	s.Drop()
	s.running.Wait()
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		raw := c.(*net.TCPConn)
		if s.config.TLS != nil {
			c = tls.Server(c, s.config.TLS)
		}
		s.running.Go(func() { newConn(s, c, raw).serve() })
	}
}

// Drop cuts all connections, as a crash does.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.cut()
	}
}

// Unbind asks all connections to end, as an SMSC that is shut down does. When it
// returns the requests are written: what the SMSC sends later comes after them.
func (s *Server) Unbind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		response := c.ask(wire.Unbind, nil)
		go func() {
			if await(response, time.Second) != nil {
				c.raw.Close()
			}
		}()
	}
}

// Bound counts the connections that are bound as transmitter, receiver and
// transceiver.
func (s *Server) Bound() (transmitters, receivers, transceivers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		switch c.bound() {
		case wire.BindTransmitter:
			transmitters++
		case wire.BindReceiver:
			receivers++
		case wire.BindTransceiver:
			transceivers++
		}
	}
	return transmitters, receivers, transceivers
}

// Binds counts the bind requests so far.
func (s *Server) Binds() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.binds
}

// Submits counts the submit_sm requests that arrived whole.
func (s *Server) Submits() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.submits
}

// Messages returns the accepted messages in their order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Message, len(s.accepted))
	for i, m := range s.accepted {
		list[i] = *m
	}
	return list
}

// Reply is what the SMSC does with a submit_sm.
type Reply struct {
	Status  uint32          // if not 0, the message is not accepted
	Delay   time.Duration   // before the response
	Before  func(id string) // called before the response, with the message's id
	Silent  bool            // there is no response
	Drop    bool            // instead of a response the connection is cut
	Nack    bool            // the response is generic_nack
	Bare    bool            // the response has no body
	Wrong   bool            // the response has another request's number
	Twice   bool            // there are two responses
	Partial int             // that many octets of the response, then the connection is cut
	Raw     []byte          // instead of the response
	NUL     bool            // the id lacks its NUL
}

// OnSubmit decides about each well-formed submit_sm; nil = it is accepted. The
// function may be called by several goroutines.
func (s *Server) OnSubmit(decide func(Message) Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onSubmit = decide
}

// OnBind makes the command_status of the response to bind; 0 = as the
// credentials are.
func (s *Server) OnBind(status uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onBind = status
}

// Hang lets enquire_link go without a response.
func (s *Server) Hang(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onLink = on
}

// CutAfter cuts the connection once, after it has read that many octets of the
// next PDU. A PDU that was read whole is taken without a response.
func (s *Server) CutAfter(octets int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = octets
}

func (s *Server) takeCut() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut
}

func (s *Server) cutDone() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = -1
}

// take keeps an accepted message and gives it an id.
func (s *Server) take(m *Message) {
	m.ID = s.config.ID(len(s.accepted) + 1)
	m.State = StateEnroute
	s.accepted = append(s.accepted, m)
	s.byID[m.ID] = m
}
