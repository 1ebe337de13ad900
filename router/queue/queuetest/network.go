package queuetest

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Network is a proxy on loopback whose connections can be delayed, stopped and cut.
type Network struct {
	Address string

	target string
	listen net.Listener
	all    sync.WaitGroup

	mu      sync.Mutex
	conns   map[net.Conn]bool
	delay   time.Duration // of each piece of data
	stopped chan struct{} // closed when data flow again; nil = they do
}

// NewNetwork starts a proxy before an address.
func NewNetwork(t testing.TB, target string) *Network {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &Network{Address: l.Addr().String(), target: target, listen: l, conns: make(map[net.Conn]bool)}
	n.all.Go(n.accept)
	t.Cleanup(func() {
		_ = l.Close() // it ends accept
		n.Resume()
		n.Cut()
		n.all.Wait()
	})
	return n
}

func (n *Network) accept() {
	for {
		in, err := n.listen.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", n.target)
		if err != nil {
			_ = in.Close() // as if the network had refused it
			continue
		}
		n.mu.Lock()
		n.conns[in], n.conns[out] = true, true
		n.mu.Unlock()
		n.all.Go(func() { n.carry(out, in) })
		n.all.Go(func() { n.carry(in, out) })
	}
}

// carry carries data one way until either end is closed.
func (n *Network) carry(to, from net.Conn) {
	defer n.close(to)
	defer n.close(from)
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
	delay, stopped := n.delay, n.stopped
	n.mu.Unlock()
	time.Sleep(delay)
	if stopped != nil {
		<-stopped
	}
}

func (n *Network) close(c io.Closer) {
	_ = c.Close() // the other end may have done so
	n.mu.Lock()
	defer n.mu.Unlock()
	if conn, ok := c.(net.Conn); ok {
		delete(n.conns, conn)
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
