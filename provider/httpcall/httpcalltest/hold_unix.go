//go:build unix

package httpcalltest

import (
	"net"
	"net/netip"
	"syscall"
)

// endListening ends a listening socket for all who have it. Close alone ends it
// only for this process: a child that is being started has a copy until it runs
// its program, and connections would be accepted until then. Systems other than
// Linux may refuse the call.
func endListening(l net.Listener) {
	socket, ok := l.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := socket.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = syscall.Shutdown(int(fd), syscall.SHUT_RDWR) })
	}
}

// hold reserves a loopback port, "127.0.0.1:1234", while nothing listens on it.
// If the port cannot be reserved, release does nothing.
func hold(address string) (release func()) {
	none := func() {}
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().Is4() {
		return none
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return none
	}
	syscall.CloseOnExec(fd)
	// Connections of the server that was there may still be closing, so the
	// port is bound although it is in use, but not shared from then on.
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	defer func() { _ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) }()
	if syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}) != nil {
		_ = syscall.Close(fd)
		return none
	}
	return func() { _ = syscall.Close(fd) }
}
