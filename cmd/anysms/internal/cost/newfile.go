package cost

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// newFile is a file on its way. It has its name only once it is whole: until then
// it is called NAME.part, and what stood under its name before stays.
type newFile struct {
	*os.File
	path string // that it gets; "" = it has it, such as a pipe or a device
	done bool
}

// createFile begins a file; it is nil for the path "". The input, which is still
// being read, is no place to write to.
func createFile(path, input string) (*newFile, error) {
	if path == "" {
		return nil, nil
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	there, err := os.Stat(path)
	switch read, _ := os.Stat(input); {
	case err != nil: // there is none
	case read != nil && os.SameFile(there, read):
		return nil, fmt.Errorf("%s is the file that is read; want another one to write", path)
	case !there.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &newFile{File: f}, err
	}
	f, err := os.Create(path + ".part")
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("%s: cannot be written: %w", path, failed.Err)
	}
	return &newFile{File: f, path: path}, err
}

// keep ends a file that is whole.
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

// drop gives up a file that was not kept.
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
