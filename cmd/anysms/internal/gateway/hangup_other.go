//go:build !unix

package gateway

import "os"

// hangup is the signal that reloads the configuration; there is none.
func hangup() []os.Signal { return nil }
