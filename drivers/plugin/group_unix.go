//go:build unix

package plugin

import (
	"os"
	"os/exec"
	"syscall"
)

// group is the process and those that it starts, which end together.
type group struct{ id int }

// prepare has the process start in a group of its own, so that a terminal's Ctrl-C
// does not end it before the host has its responses.
func (g *group) prepare(cmd *exec.Cmd) { cmd.SysProcAttr = ownGroup() }

// add is called with the process as soon as it runs.
func (g *group) add(p *os.Process) error {
	g.id = p.Pid
	return nil
}

// kill ends all that are left.
func (g *group) kill() {
	_ = syscall.Kill(-g.id, syscall.SIGKILL) // an error means that nothing is left
}
