package sqlite

import (
	"errors"
	"os"
	"syscall"
)

// syncData makes what was written to a file durable, as SQLite itself does on Linux: where
// the file has its size already, that needs no change of the file system.
func syncData(f *os.File) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = c.Control(func(fd uintptr) {
		for {
			if failed = syscall.Fdatasync(int(fd)); !errors.Is(failed, syscall.EINTR) {
				return
			}
		}
	})
	return errors.Join(err, failed)
}
