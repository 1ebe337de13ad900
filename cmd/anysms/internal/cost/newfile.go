package cost

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// newFile is a file that is being written. Until it is complete it is called
// NAME.part, and an existing file NAME is not touched.
type newFile struct {
	*os.File
	path string // its final name; "" = it is written in place, such as a device
	done bool
}

// createFile creates a file, nil for the path "". It must not be the input, which
// is still being read.
func createFile(path, input string) (*newFile, error) {
	if path == "" {
		return nil, nil
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	there, err := os.Stat(path)
	switch read, _ := os.Stat(input); {
	case err != nil: // it does not exist
	case read != nil && os.SameFile(there, read):
		return nil, fmt.Errorf("%s is the input file; want another file to write to", path)
	case !there.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &newFile{File: f}, err
	}
	f, err := os.Create(path + ".part")
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("cannot write %s: %w", path, failed.Err)
	}
	return &newFile{File: f, path: path}, err
}

// keep completes the file.
func (f *newFile) keep() error {
	if f == nil || f.done {
		return nil
	}
	f.done = true
	err := f.Close()
	if err != nil || f.path == "" {
		return err
	}
	return os.Rename(f.Name(), f.path)
}

// drop removes the file, unless it was kept.
func (f *newFile) drop() {
	if f == nil || f.done {
		return
	}
	f.done = true
	f.Close()
	if f.path != "" {
		os.Remove(f.Name())
	}
}
