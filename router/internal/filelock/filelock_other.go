//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package filelock

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// tryLock fails where two processes cannot be kept apart: both would send the same
// messages.
func tryLock(*os.File) error {
	return fmt.Errorf("%w: no file locks on %s", errors.ErrUnsupported, runtime.GOOS)
}
