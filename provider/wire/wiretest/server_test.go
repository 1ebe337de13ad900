package wiretest_test

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
	"github.com/anysms/anysms/provider/wire"
	"github.com/anysms/anysms/provider/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestModes(t *testing.T) {
	var taken atomic.Int64
	s := wiretest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		taken.Add(int64(len(b)))
	}))
	defer s.Close()
	c, err := wire.New(wire.Config{BaseURL: s.URL, Timeout: provider.Duration(100 * time.Millisecond)})
	require.NoError(t, err)
	defer c.Close()
	send := func(m wiretest.Mode) error {
		require.NoError(t, s.SetMode(m))
		_, err := c.Do(t.Context(), wire.Request{Method: "POST", Path: "/", Body: []byte("x")})
		return err
	}
	require.NoError(t, send(wiretest.Up))
	require.ErrorIs(t, send(wiretest.Down), provider.Unavailable)
	require.ErrorIs(t, send(wiretest.Drop), provider.Indeterminate)
	require.ErrorIs(t, send(wiretest.Hang), wire.ErrTimeout)
	require.NoError(t, send(wiretest.Up))
	assert.EqualValues(t, 4, taken.Load(), "all but the refused one reached the handler")
	assert.Equal(t, 4, s.Requests())
	assert.Equal(t, "up", s.Mode().String())
}

// While a server is down nobody else can be given its port: a request must not
// reach another server of the same test run.
func TestPortIsHeldWhileDown(t *testing.T) {
	s := wiretest.NewServer(http.NotFoundHandler())
	require.NoError(t, s.SetMode(wiretest.Down))
	_, err := net.Listen("tcp", s.URL[len("http://"):])
	require.Error(t, err)
	require.NoError(t, s.SetMode(wiretest.Up))
	s.Close()
	l, err := net.Listen("tcp", s.URL[len("http://"):])
	require.NoError(t, err)
	require.NoError(t, l.Close())
}
