package httpcalltest_test

import (
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/httpcall"
	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestModes(t *testing.T) {
	var taken atomic.Int64
	s := httpcalltest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		taken.Add(int64(len(b)))
	}))
	defer s.Close()
	c, err := httpcall.New(httpcall.Config{BaseURL: s.URL, Timeout: provider.Duration(100 * time.Millisecond)})
	require.NoError(t, err)
	defer c.Close()
	send := func(m httpcalltest.Mode) error {
		require.NoError(t, s.SetMode(m))
		_, err := c.Do(t.Context(), httpcall.Request{Method: "POST", Path: "/", Body: []byte("x")})
		return err
	}
	require.NoError(t, send(httpcalltest.Up))
	require.ErrorIs(t, send(httpcalltest.Down), provider.Unavailable)
	require.ErrorIs(t, send(httpcalltest.Drop), provider.Indeterminate)
	require.ErrorIs(t, send(httpcalltest.Hang), httpcall.ErrTimeout)
	require.NoError(t, send(httpcalltest.Up))
	assert.EqualValues(t, 4, taken.Load(), "all but the refused one reached the handler")
	assert.Equal(t, 4, s.Requests())
	assert.Equal(t, "up", s.Mode().String())
}

// While a server is down its port is reserved: a request must not reach another
// server of the same test run.
func TestPortIsReservedWhileDown(t *testing.T) {
	s := httpcalltest.NewServer(http.NotFoundHandler())
	require.NoError(t, s.SetMode(httpcalltest.Down))
	_, err := net.Listen("tcp", s.URL[len("http://"):])
	require.Error(t, err)
	require.NoError(t, s.SetMode(httpcalltest.Up))
	s.Close()
	l, err := net.Listen("tcp", s.URL[len("http://"):])
	require.NoError(t, err)
	require.NoError(t, l.Close())
}
