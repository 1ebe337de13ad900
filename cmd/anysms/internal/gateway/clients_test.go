package gateway_test

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSlowClients opens connections that send nothing, or a header without end: they are
// closed, and hold up nobody.
func TestSlowClients(t *testing.T) {
	t.Parallel() // it waits for the limit
	l := open(t, "{}")
	var slow []net.Conn
	for i := range 500 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(l.url, "http://"))
		require.NoError(t, err)
		defer conn.Close()
		if i%2 == 0 {
			_, err = conn.Write([]byte("POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nX-Slow: "))
			require.NoError(t, err)
		}
		slow = append(slow, conn)
	}
	l.send("", "meanwhile")
	for _, conn := range slow {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
		_, err := io.Copy(io.Discard, conn)
		assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the gateway ends it")
	}
	l.send("", "afterwards")
}

func TestHeadersAndCallbacks(t *testing.T) {
	l := open(t, "{}")
	a := l.call("", "GET", "/healthz", "", "X-Large", strings.Repeat("x", 64<<10))
	assert.Equal(t, 431, a.status)
	assert.Equal(t, 401, l.call("", "POST", "/callbacks/athens/not-the-right-token", `{}`).status)
	assert.Contains(t, []int{401, 404}, l.call("", "POST", "/callbacks/sparta/not-the-right-token", `{}`).status)
	a = l.call("", "GET", "/v1/messages", "")
	assert.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
	assert.Equal(t, "no-store", a.header.Get("Cache-Control"))
}
