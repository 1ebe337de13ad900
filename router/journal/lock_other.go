//go:build !unix

package journal

import "os"

// lock does nothing where the system has no advisory locks: there the program
// must see to it that a journal is opened once.
func lock(*os.File) error { return nil }

func syncDir(string) error { return nil }
