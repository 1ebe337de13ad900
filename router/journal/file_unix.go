//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package journal

import (
	"errors"
	"os"
	"syscall"
)

// open opens a file that may be renamed and replaced while it is open.
func open(path string, flag int) (*os.File, error) { return os.OpenFile(path, flag, 0o600) }

// lock keeps other processes out; it ends with the process, however that ends.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// rename replaces what stands at to, also while it is open.
func rename(from, to string) error { return os.Rename(from, to) }

// syncDir makes a file's name as durable as its content.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
