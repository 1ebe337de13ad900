//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package journal

import "os"

func open(path string, flag int) (*os.File, error) { return os.OpenFile(path, flag, 0o600) }

func rename(from, to string) error { return os.Rename(from, to) }

func syncDir(string) error { return nil }
