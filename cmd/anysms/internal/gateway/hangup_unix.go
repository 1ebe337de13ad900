//go:build unix

package gateway

import (
	"os"
	"syscall"
)

// hangup is the signal that reloads the configuration.
func hangup() []os.Signal { return []os.Signal{syscall.SIGHUP} }
