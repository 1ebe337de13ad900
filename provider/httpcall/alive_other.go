//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package httpcall

import "net"

// alive cannot ask the system here: a dead connection is found after the write,
// and the request on it is indeterminate.
func alive(net.Conn) bool { return true }
