//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package httpcall

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAlive(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	connect := func() (ours *net.TCPConn, theirs net.Conn) {
		conn, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		theirs, err = listener.Accept()
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close(); theirs.Close() })
		return conn.(*net.TCPConn), theirs
	}
	quiet, _ := connect()
	assert.True(t, alive(quiet))

	// The end of the connection, or bytes that nobody asked for: what was sent is there
	// when a read of one byte has returned and more are left.
	talking, theirs := connect()
	_, err = theirs.Write([]byte("xy"))
	require.NoError(t, err)
	_, err = talking.Read(make([]byte, 1))
	require.NoError(t, err)
	assert.False(t, alive(talking))
	ended, theirs := connect()
	require.NoError(t, theirs.Close())
	_, err = ended.Read(make([]byte, 1))
	require.Error(t, err)
	assert.False(t, alive(ended))
	closed, _ := connect()
	require.NoError(t, closed.Close())
	assert.False(t, alive(closed))

	pipe, _ := net.Pipe()
	defer pipe.Close()
	assert.True(t, alive(pipe), "nothing is known of what is no socket")
}
