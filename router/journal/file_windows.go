package journal

import (
	"os"
	"path/filepath"
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
