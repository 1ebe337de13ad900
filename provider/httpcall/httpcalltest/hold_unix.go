//go:build unix

package httpcalltest

import (
	"net/netip"
	"syscall"
)

// Hold reserves a loopback port, "127.0.0.1:1234", while nothing listens on it:
// connections to it are refused and do not reach another server of the same
// test run. Release frees the port. If the port cannot be reserved, release
// does nothing.
func Hold(address string) (release func()) {
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
