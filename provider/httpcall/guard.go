package httpcall

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// guardedConn lets net/http read the responses to its requests and nothing else.
// What a server writes beyond them, net/http would quote in the program's log; here
// it ends the connection.
type guardedConn struct {
	net.Conn

	mu        sync.Mutex
	tunnelled bool // TLS through a proxy runs over it: the bytes are not HTTP
	ready     bool // a request comes next, nothing of it is written
	waiting   bool // for the response to a request
	failed    bool // the server wrote more than that
	method    string
	framing   framing
}

var errUnsolicited = errors.New("the server wrote more than the response")

// expect announces a request.
func (c *guardedConn) expect(method string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready, c.method = true, method
}

// Write waits for a response from the first byte of a request on, not from its
// announcement: net/http itself expects none in between, and would log what came.
func (c *guardedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	if c.ready {
		c.ready, c.waiting = false, true
		c.framing.restart()
	}
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *guardedConn) Read(b []byte) (int, error) {
	if c.hasFailed() {
		return 0, errUnsolicited
	}
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tunnelled || n == 0 {
		return n, err
	}
	if !c.waiting {
		c.failed = true
		return 0, errUnsolicited
	}
	taken := c.framing.take(b[:n], c.method)
	c.waiting = c.framing.state != complete
	if taken < n {
		c.failed = true
		return taken, nil
	}
	return n, err
}

func (c *guardedConn) hasFailed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

// dialers makes the functions that establish connections, for http and for https.
// With a proxy net/http calls them for the connection to the proxy.
func (c *Config) dialers(backstop time.Duration, secure *tls.Config) (plain, overTLS func(context.Context, string, string) (net.Conn, error)) {
	dialer := &net.Dialer{Timeout: backstop, KeepAlive: 15 * time.Second, ControlContext: c.control}
	guard := func(ctx context.Context, conn net.Conn) net.Conn {
		toVendor, _ := ctx.Value(plainKey{}).(bool)
		return &guardedConn{Conn: conn, tunnelled: c.Proxy != "" && !toVendor}
	}
	plain = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return guard(ctx, &countedConn{Conn: conn}), nil
	}
	overTLS = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		secured := tls.Client(&countedConn{Conn: conn}, forHost(secure, address))
		ctx, cancel := context.WithTimeout(ctx, backstop)
		defer cancel()
		if err := secured.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		return guard(ctx, secured), nil
	}
	return plain, overTLS
}

func forHost(c *tls.Config, address string) *tls.Config {
	own := c.Clone()
	if host, _, err := net.SplitHostPort(address); err == nil {
		own.ServerName = host
	}
	return own
}
