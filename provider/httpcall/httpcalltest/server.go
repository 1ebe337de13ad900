// Package httpcalltest is an HTTP server on loopback that can fail as vendors
// fail: it can be down, take a request and drop the connection, or take it and
// never respond. The fake vendors of this project are built on it.
package httpcalltest

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
)

// Mode is how a [Server] behaves.
type Mode int

// The modes.
const (
	Up   Mode = iota // requests are served
	Down             // connections are refused
	Drop             // the handler runs, then the connection is dropped without a response
	Hang             // the handler runs, then nothing is sent until the mode changes or the client gives up
)

// String returns the mode's name.
func (m Mode) String() string {
	return [...]string{"up", "down", "drop", "hang"}[m]
}

// Server is an HTTP server on loopback. It is safe for concurrent use.
type Server struct {
	// URL is the server's address without a trailing slash. It stays the same
	// while the server is down.
	URL string

	handler  http.Handler
	requests atomic.Int64

	mu       sync.Mutex
	mode     Mode
	changed  chan struct{} // closed when the mode changes
	running  *http.Server  // nil while down
	listener net.Listener  // of running
	stopped  chan struct{} // closed when running has ended
	release  func()        // frees the port that is reserved while down; nil = none is
}

// NewServer starts a server that is [Up]. It panics if loopback has no free
// port, as httptest does.
func NewServer(handler http.Handler) *Server {
	s := &Server{handler: handler, changed: make(chan struct{})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("httpcalltest: %v", err))
	}
	s.URL = "http://" + l.Addr().String()
	s.start(l)
	return s
}

// Requests counts the requests that the handler ran for, whether or not they
// were answered.
func (s *Server) Requests() int { return int(s.requests.Load()) }

// Mode returns the current mode.
func (s *Server) Mode() Mode {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mode
}

// SetMode changes the mode. Going [Down] drops every connection; coming back
// listens on the same port again, and fails if someone else has it.
func (s *Server) SetMode(m Mode) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m != Down && s.running == nil {
		s.free()
		l, err := net.Listen("tcp", s.URL[len("http://"):])
		if err != nil {
			return fmt.Errorf("httpcalltest: come up again: %w", err)
		}
		s.start(l)
	}
	s.mode = m
	close(s.changed)
	s.changed = make(chan struct{})
	if m == Down {
		s.stop()
	}
	return nil
}

// Close ends the server. It may be called again.
func (s *Server) Close() {
	_ = s.SetMode(Down) // going down cannot fail
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free()
}

// free releases the reserved port.
func (s *Server) free() {
	if s.release != nil {
		s.release()
		s.release = nil
	}
}

func (s *Server) start(l net.Listener) {
	server := &http.Server{Handler: http.HandlerFunc(s.serve)}
	stopped := make(chan struct{})
	s.running, s.stopped, s.listener = server, stopped, l
	go func() {
		defer close(stopped)
		_ = server.Serve(l) // ends with the listener
	}()
}

func (s *Server) stop() {
	if s.running == nil {
		return
	}
	s.release = StopListening(s.listener)
	_ = s.running.Close()
	<-s.stopped
	s.running = nil
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	s.mu.Lock()
	mode, changed := s.mode, s.changed
	s.mu.Unlock()
	if mode == Up {
		s.handler.ServeHTTP(w, r)
		return
	}
	s.handler.ServeHTTP(httptest.NewRecorder(), r)
	if mode == Hang {
		select {
		case <-changed:
		case <-r.Context().Done():
		}
	}
	panic(http.ErrAbortHandler) // drops the connection without a response
}
