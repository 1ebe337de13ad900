package httpcalltest_test

import (
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider/httpcall/httpcalltest"
)

// A child that is being started has copies of its parent's sockets for a moment.
func TestStopListeningWhileChildrenStart(t *testing.T) {
	if os.Getenv("HTTPCALLTEST_CHILD") != "" {
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	done := make(chan struct{})
	var starts sync.WaitGroup
	defer starts.Wait()
	defer close(done)
	for range 4 {
		starts.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				child := exec.Command(self, "-test.run=^TestStopListeningWhileChildrenStart$")
				child.Env = append(os.Environ(), "HTTPCALLTEST_CHILD=1")
				if !assert.NoError(t, child.Run()) {
					return
				}
			}
		})
	}
	for range 500 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		release := httpcalltest.StopListening(l)
		_, err = net.Dial("tcp", l.Addr().String())
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		release()
		release() // allowed
	}
}
