//go:build !linux

package plugin_test

import (
	"os"
	"runtime"
	"syscall"
)

// alive reports whether there is a process with the number.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil || runtime.GOOS == "windows" { // there FindProcess fails if it is gone
		return err == nil
	}
	return p.Signal(syscall.Signal(0)) == nil
}
