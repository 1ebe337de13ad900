package httpcalltest

import (
	"net"
	"sync"
)

// StopListening closes a listener on a loopback port, "127.0.0.1:1234", and
// reserves the port: from its return, connections are refused and do not reach
// another server of the same test run. Release frees the port; it may be
// called again. If the port cannot be reserved, release does nothing.
func StopListening(l net.Listener) (release func()) {
	endListening(l)
	_ = l.Close() // it may be closed already
	return sync.OnceFunc(hold(l.Addr().String()))
}
