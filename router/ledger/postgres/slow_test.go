package postgres_test

import (
	"context"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

// line is a proxy on loopback in front of a server, which can be slow, stop and break.
type line struct {
	net.Listener
	server string
	delay  atomic.Int64 // before each piece that is passed on
	gate   sync.RWMutex // locked = nothing is passed on

	mu    sync.Mutex
	conns []net.Conn
}

// newLine returns a proxy, and the address of the server behind it.
func newLine(t *testing.T, address string) (*line, string) {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &line{Listener: listener, server: u.Host}
	u.Host = listener.Addr().String()
	var work sync.WaitGroup
	work.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { l.serve(client) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); l.cut(); work.Wait() })
	return l, u.String()
}

func (l *line) serve(client net.Conn) {
	server, err := net.Dial("tcp", l.server)
	if err != nil {
		_ = client.Close()
		return
	}
	l.mu.Lock()
	l.conns = append(l.conns, client, server)
	l.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { l.pass(server, client) })
	both.Go(func() { l.pass(client, server) })
	both.Wait()
}

func (l *line) pass(to, from net.Conn) {
	defer to.Close()
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		time.Sleep(time.Duration(l.delay.Load()))
		l.gate.RLock()
		_, failed := to.Write(piece[:n])
		l.gate.RUnlock()
		if err != nil || failed != nil {
			return
		}
	}
}

// cut breaks all connections.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}

func slowReport(id string) provider.Event {
	return provider.Event{Kind: provider.Report, ID: id, Status: provider.StatusSent}
}

// A server that is slow, stands still or is cut off: an event is acknowledged when it is
// durable, or the caller is told; either way it is there once when it was sent again.
func TestSlowServer(t *testing.T) {
	address := postgrestest.Schema(t)
	proxy, behind := newLine(t, address)
	l, err := postgres.Open(t.Context(), behind, ledger.Options{Key: testKey})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	record := func(ctx context.Context, id string) (ledger.Recorded, error) {
		return l.Record(ctx, "athens", slowReport(id))
	}

	proxy.delay.Store(int64(20 * time.Millisecond))
	counts, err := record(t.Context(), "slow")
	require.NoError(t, err)
	assert.Equal(t, 1, counts.New)
	proxy.delay.Store(0)

	proxy.gate.Lock() // it stands still
	limited, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	_, err = record(limited, "still")
	cancel()
	require.ErrorIs(t, err, context.DeadlineExceeded, "the caller's time holds")
	proxy.gate.Unlock()
	counts, err = record(t.Context(), "still") // the vendor repeats it
	require.NoError(t, err)
	assert.Equal(t, 1, counts.New+counts.Repeated)

	proxy.gate.Lock() // it stands still, and then the line breaks
	ended := make(chan error, 1)
	go func() {
		_, err := record(t.Context(), "cut")
		ended <- err
	}()
	time.AfterFunc(50*time.Millisecond, proxy.cut)
	time.AfterFunc(60*time.Millisecond, proxy.gate.Unlock)
	if err := <-ended; err != nil {
		_, err = record(t.Context(), "cut")
		require.NoError(t, err, "a new connection is made")
	}

	direct, err := postgres.Open(t.Context(), address, ledger.Options{Key: testKey})
	require.NoError(t, err)
	defer func() { require.NoError(t, direct.Close()) }()
	n, err := direct.Unmatched(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 3, n, "each of them once")
}
