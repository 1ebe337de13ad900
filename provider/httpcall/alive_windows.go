package httpcall

import (
	"net"
	"syscall"
	"unsafe"
)

var wsaPoll = syscall.NewLazyDLL("ws2_32.dll").NewProc("WSAPoll")

// alive checks an idle connection without reading from it or waiting. On a
// connection that waits for its next request there is nothing to read: an end
// of file, an error, or unexpected bytes mean that the server has closed it or
// is about to.
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
		const readable = 0x100 // POLLRDNORM; hang-ups and errors are reported unasked
		p := struct {
			fd              uintptr
			events, revents int16
		}{fd: fd, events: readable}
		n, _, _ := wsaPoll.Call(uintptr(unsafe.Pointer(&p)), 1, 0)
		quiet = n == 0
	})
	return err == nil && quiet
}
