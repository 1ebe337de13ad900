//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package journal

import (
	"errors"
	"os"
)

// open opens a file that may be renamed and replaced while it is open.
func open(path string, flag int) (*os.File, error) { return os.OpenFile(path, flag, 0o600) }

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
