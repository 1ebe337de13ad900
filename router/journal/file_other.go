//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package journal

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

func open(path string, flag int) (*os.File, error) { return os.OpenFile(path, flag, 0o600) }

// lock fails where two processes cannot be kept apart: with one journal both would
// send the same messages.
func lock(*os.File) error {
	return fmt.Errorf("%w: no file locks on %s", errors.ErrUnsupported, runtime.GOOS)
}

func rename(from, to string) error { return os.Rename(from, to) }

func syncDir(string) error { return nil }
