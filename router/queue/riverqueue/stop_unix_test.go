//go:build unix

package riverqueue_test

import (
	"os"
	"syscall"
)

func suspend(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }
func goOn(p *os.Process) error    { return p.Signal(syscall.SIGCONT) }
