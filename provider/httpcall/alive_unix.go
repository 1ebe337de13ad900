//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package httpcall

import (
	"net"
	"syscall"
)

// alive checks an idle connection without reading from it or waiting. On a
// connection that waits for its next request there is nothing to read: an end
// of file, an error, or unexpected bytes mean that the server has closed it or
// is about to.
//
// It goes through Control, as net/http's own reader holds the connection's read
// lock.
func alive(c net.Conn) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return true
	}
	quiet := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = err == syscall.EAGAIN || err == syscall.EINTR
	})
	return err == nil && quiet
}
