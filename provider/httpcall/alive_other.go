//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package httpcall

import "net"

// alive cannot be asked here; a dead connection shows itself after the write.
func alive(net.Conn) bool { return true }
