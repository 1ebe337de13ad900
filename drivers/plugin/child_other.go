//go:build !unix

package plugin

import "os/exec"

// There are no process groups here; only the process itself is ended.
func ownGroup(*exec.Cmd) {}
func killGroup(int)      {}
