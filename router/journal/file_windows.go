package journal

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// open opens a file that may be renamed and replaced while it is open. On Windows
// os.OpenFile does not share a file so; [os.Root] does.
func open(path string, flag int) (*os.File, error) {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.OpenFile(filepath.Base(path), flag, 0o600)
}

// lock keeps other processes out; it ends with the process, however that ends.
// Windows lets nobody else read or write what is locked, so the lock is on one byte
// far behind the last entry: Entries reads the file through a handle of its own.
func lock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
}

// rename replaces what stands at to, also while it is open; os.Rename does not.
func rename(from, to string) error {
	dir, err := os.OpenRoot(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Rename(filepath.Base(from), filepath.Base(to))
}

// syncDir has nothing to do: Windows does not flush folders, and NTFS logs its names.
func syncDir(string) error { return nil }
