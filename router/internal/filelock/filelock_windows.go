package filelock

import (
	"os"

	"golang.org/x/sys/windows"
)

// tryLock locks one byte far behind the end of the file: Windows lets nobody else read
// or write what is locked.
func tryLock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
}
