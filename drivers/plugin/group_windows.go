package plugin

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// group is the process and those that it starts, which end together: a job object.
// The system ends the processes of a job when its last handle is closed, and so
// when the host ends.
type group struct {
	mu  sync.Mutex
	job windows.Handle // 0 = none, or none any more
}

// prepare has the process start in a console group of its own, so that Ctrl-C does
// not end it before the host has its responses.
func (g *group) prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// add is called with the process as soon as it runs.
func (g *group) add(p *os.Process) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return fmt.Errorf("create a job for the process: %w", err)
	}
	g.job = job
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err != nil {
		return fmt.Errorf("limit the job of the process: %w", err)
	}
	var assigned error
	err = p.WithHandle(func(process uintptr) {
		assigned = windows.AssignProcessToJobObject(job, windows.Handle(process))
	})
	if err == nil {
		err = assigned
	}
	if err != nil {
		return fmt.Errorf("put the process into its job: %w", err)
	}
	return nil
}

// kill ends all that are left.
func (g *group) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job != 0 {
		_ = windows.CloseHandle(g.job)
		g.job = 0
	}
}
