// Package filelock keeps processes apart by locks on files.
package filelock

import "os"

// TryLock locks a file, or fails at once if another open file has the lock. The lock
// ends when the file is closed or the process ends, however that ends.
func TryLock(f *os.File) error { return tryLock(f) }
