package httpcall

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
)

// The proof must not depend on when net/http's own writer wakes up: once a
// request is abandoned, nothing of it can be written any more.
func TestSealedConnectionTakesNothing(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	c := &countedConn{Conn: ours}
	start := c.mark(false)
	assert.False(t, c.seal(start))
	n, err := c.Write([]byte("late"))
	require.ErrorIs(t, err, errSealed)
	assert.Zero(t, n)
}

func TestSealSeesAWriteUnderWay(t *testing.T) {
	ours, theirs := net.Pipe()
	c := &countedConn{Conn: ours}
	begun, done := make(chan struct{}), make(chan struct{})
	go func() {
		close(begun)
		_, _ = c.Write([]byte("blocked: nobody reads"))
		close(done)
	}()
	<-begun
	for !c.busy() {
	}
	assert.True(t, c.seal(0), "a write that has begun may have put bytes on the wire")
	ours.Close()
	theirs.Close()
	<-done
}

func (c *countedConn) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writing
}

func TestWitnessWithoutCountedConnectionProvesNothing(t *testing.T) {
	w := &witness{foreign: true}
	assert.True(t, w.wrote())
	assert.False(t, (&witness{}).wrote(), "no connection, nothing written")
}

// The timer of a request and the limit of the transports end at once where the process
// was paused. Whichever is first, the error says what ended.
func TestLimitOfTheTransportIsTheConnectTimeout(t *testing.T) {
	dial := fmt.Errorf("dial tcp: %w", context.DeadlineExceeded)
	failed := new(Client).failure(t.Context(), &witness{}, dial)
	require.ErrorIs(t, failed, errConnectTimeout)
	assert.Equal(t, provider.Unavailable, failed.Code)
}

func TestFirstRequestOfAConnection(t *testing.T) {
	conn := &countedConn{}
	for _, tt := range []*struct {
		name string
		w    witness
		want bool
	}{
		{"a new connection", witness{conn: conn}, true},
		{"one that was idle", witness{conn: conn, reused: true}, false},
		{"no connection", witness{}, false},
		{"no connection now", witness{reused: true}, false},
		{"one that was not counted", witness{foreign: true}, false},
		{"one that was not counted before", witness{conn: conn, foreign: true}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.w.first())
		})
	}
}
