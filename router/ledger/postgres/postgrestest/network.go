package postgrestest

import (
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Network is a proxy on loopback before a server, whose connections can be delayed,
// stopped, cut and refused. It is safe for concurrent use.
type Network struct {
	listener net.Listener
	server   string
	all      sync.WaitGroup

	mu      sync.Mutex
	conns   map[net.Conn]bool
	down    bool
	delay   time.Duration // of each piece of data
	stopped chan struct{} // closed when data flow again; nil = they do
}

// NewNetwork starts a proxy before the server of a connection URL, as [Schema] returns
// it, and returns the URL that leads through the proxy.
func NewNetwork(t testing.TB, address string) (*Network, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &Network{listener: l, server: u.Host, conns: make(map[net.Conn]bool)}
	n.all.Go(n.accept)
	t.Cleanup(func() {
		_ = l.Close() // it ends accept
		n.Down()
		n.Resume()
		n.all.Wait()
	})
	u.Host = l.Addr().String()
	return n, u.String()
}

func (n *Network) accept() {
	for {
		in, err := n.listener.Accept()
		if err != nil {
			return
		}
		n.all.Go(func() { n.connect(in) })
	}
}

// connect carries data between a client and the server until either end is closed.
func (n *Network) connect(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", n.server)
	if err != nil {
		return
	}
	defer out.Close()
	if !n.enter(in, out) {
		return
	}
	defer n.leave(in, out)
	var both sync.WaitGroup
	both.Go(func() { n.carry(out, in) })
	both.Go(func() { n.carry(in, out) })
	both.Wait()
}

func (n *Network) enter(in, out net.Conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return false
	}
	n.conns[in], n.conns[out] = true, true
	return true
}

func (n *Network) leave(in, out net.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, in)
	delete(n.conns, out)
}

// carry carries data one way, and closes both ends when one of them is.
func (n *Network) carry(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	b := make([]byte, 16<<10)
	for {
		k, err := from.Read(b)
		if k > 0 {
			n.wait()
			if _, failed := to.Write(b[:k]); failed != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait lets the delay pass, and the time for which data are stopped.
func (n *Network) wait() {
	n.mu.Lock()
	delay := n.delay
	n.mu.Unlock()
	time.Sleep(delay)
	n.mu.Lock()
	stopped := n.stopped
	n.mu.Unlock()
	if stopped != nil {
		<-stopped
	}
}

// Delay delays each piece of data from now on.
func (n *Network) Delay(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.delay = d
}

// Stop holds back all data until Resume. The connections stay.
func (n *Network) Stop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopped == nil {
		n.stopped = make(chan struct{})
	}
}

// Resume ends a Stop.
func (n *Network) Resume() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopped != nil {
		close(n.stopped)
		n.stopped = nil
	}
}

// Cut breaks all connections, in the middle of what they carry.
func (n *Network) Cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset
		}
		_ = c.Close() // the other end may have done so
	}
}

// Down breaks all connections, and new ones at once until Up.
func (n *Network) Down() {
	n.mu.Lock()
	n.down = true
	n.mu.Unlock()
	n.Cut()
}

// Up ends a Down.
func (n *Network) Up() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = false
}
