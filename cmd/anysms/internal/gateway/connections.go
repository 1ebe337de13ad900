package gateway

import (
	"container/list"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
)

// connections bounds how many connections are open. Where there is no room for a new
// one, the one that has waited longest without a request is closed; if all have one, the
// new one is. So neither idle clients nor slow ones, which send a header byte by byte,
// keep others out.
type connections struct {
	max int

	mu      sync.Mutex
	open    map[net.Conn]*connection
	waiting *list.List // of *connection, those without a request; the longest waiting first
	closed  int64      // for want of room
}

// connection is one that is open.
type connection struct {
	net.Conn
	requests int           // that handlers are serving
	served   bool          // it has had a request
	place    *list.Element // among those that wait; nil = it has requests
}

func newConnections(s *settings.Serve, log *slog.Logger) *connections {
	c := &connections{open: make(map[net.Conn]*connection), waiting: list.New()}
	c.reload(s, log)
	return c
}

// reload changes the bound; what is open stays. It leaves files for the database, for
// vendors and for webhooks.
func (s *connections) reload(serve *settings.Serve, log *slog.Logger) {
	limit := serve.Connections()
	if files := maxFiles(); files > 0 {
		const ours = 256
		if room := max(files-ours, files/2); room < limit {
			if serve.MaxConnections > 0 {
				log.Warn("serve.max_connections is more than the limit of open files (ulimit -n) leaves room for", "max_connections", limit, "used", room, "files", files)
			}
			limit = room
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.max = limit
}

type connectionKey struct{}

// enter is the server's ConnContext.
func (s *connections) enter(ctx context.Context, conn net.Conn) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &connection{Conn: conn}
	if len(s.open) >= s.max {
		s.closed++
		oldest := s.waiting.Front()
		if oldest == nil {
			c.drop()
			return ctx
		}
		c := oldest.Value.(*connection)
		s.forget(c)
		c.drop()
	}
	s.open[conn] = c
	c.place = s.waiting.PushBack(c)
	return context.WithValue(ctx, connectionKey{}, c)
}

// drop closes a connection without a goodbye, for which TLS might wait.
func (c *connection) drop() {
	conn := c.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	_ = conn.Close() // the server notices, and closes it properly
}

// leave is the server's ConnState.
func (s *connections) leave(conn net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.open[conn]; c != nil {
		s.forget(c)
	}
}

// dropNew closes the connections that have not had a complete request header yet.
func (s *connections) dropNew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.waiting.Front(); e != nil; {
		c := e.Value.(*connection)
		if e = e.Next(); !c.served {
			s.forget(c)
			c.drop()
		}
	}
}

func (s *connections) forget(c *connection) {
	delete(s.open, c.Conn)
	if c.place != nil {
		s.waiting.Remove(c.place)
		c.place = nil
	}
}

// busy keeps the connection of a request while it is served.
func (s *connections) busy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connectionKey{}).(*connection); ok {
			s.begin(c)
			defer s.end(c)
		}
		next.ServeHTTP(w, r)
	})
}

func (s *connections) begin(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.requests++
	c.served = true
	if c.place != nil {
		s.waiting.Remove(c.place)
		c.place = nil
	}
}

func (s *connections) end(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.requests--; c.requests == 0 && s.open[c.Conn] == c {
		c.place = s.waiting.PushBack(c)
	}
}

// count returns how many are open, and how many were closed for want of room.
func (s *connections) count() (open int, closed int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open), s.closed
}

// most is how many may be open.
func (s *connections) most() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.max
}
