//go:build unix && !linux

package plugin

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the process into a group of its own, so that a terminal's
// Ctrl-C does not end it before the host has its responses.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills what is left of the process's group.
func killGroup(pid int) {
	_ = syscall.Kill(-pid, syscall.SIGKILL) // an error means that nothing is left
}
