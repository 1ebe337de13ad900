//go:build !unix && !windows

package httpcalltest

import "net"

func endListening(net.Listener) {}

// hold does nothing: this system has no call to reserve a port, so a connection
// that should be refused may reach another server of the same test run.
func hold(string) (release func()) { return func() {} }
