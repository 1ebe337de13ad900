package gateway_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A shutdown does not wait for headers that were begun, and cuts off nobody else.
func TestDropNew(t *testing.T) {
	l := open(t, `{}`)
	dial := func(begin string) net.Conn {
		conn, err := net.Dial("tcp", strings.TrimPrefix(l.url, "http://"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
		_, err = io.WriteString(conn, begin)
		require.NoError(t, err)
		return conn
	}
	const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	used := dial(request)
	from := bufio.NewReader(used)
	ask := func() {
		response, err := http.ReadResponse(from, nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, response.Body)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, response.StatusCode)
	}
	ask()
	before := l.gateway.Connections()
	half := dial("GET /healthz HTTP/1.1\r\nHo")
	l.eventually("it is open", func() bool { return l.gateway.Connections() > before })
	l.gateway.DropNew()
	_, err := half.Read(make([]byte, 1))
	require.Error(t, err)
	_, err = io.WriteString(used, request)
	require.NoError(t, err)
	ask()
}
