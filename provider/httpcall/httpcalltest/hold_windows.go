package httpcalltest

import (
	"net"
	"net/netip"
	"syscall"
)

func endListening(net.Listener) {} // children have no copies of sockets

// hold reserves a loopback port, "127.0.0.1:1234", while nothing listens on it.
// If the port cannot be reserved, release does nothing.
func hold(address string) (release func()) {
	none := func() {}
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().Is4() {
		return none
	}
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return none
	}
	if syscall.Bind(socket, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}) != nil {
		_ = syscall.Closesocket(socket)
		return none
	}
	return func() { _ = syscall.Closesocket(socket) }
}
