//go:build !unix && !windows

package plugin

import (
	"errors"
	"os"
	"os/exec"
)

// group would be the process and those that it starts.
type group struct{}

func (*group) prepare(*exec.Cmd) {}

// add fails: what cannot be ended as a whole is not left running.
func (*group) add(*os.Process) error { return errors.ErrUnsupported }

func (*group) kill() {}
