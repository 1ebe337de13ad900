//go:build !unix

package plugin

import "os/exec"

// There are no process groups here; the process alone is ended.
func ownGroup(*exec.Cmd) {}
func killGroup(int)      {}
