//go:build unix && !linux

package plugin_test

import "syscall"

// alive reports whether there is a process with the number.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
