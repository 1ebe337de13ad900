package cost

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// role is a file and what it is for, such as "the rate card".
type role struct{ path, what string }

// outputs are the files that a command writes beside its output.
type outputs struct {
	annotate, report *newFile // nil = not asked for
}

// outputs creates the files. None of them may be one of the files that are read, nor
// the other one.
func (f *fileFlags) outputs(read []role) (*outputs, error) {
	read = append(read, role{f.Path, "the input file"}, role{f.rates, "the rate card"})
	if err := apart(read, role{f.annotate, "--annotate"}, role{f.report, "--report"}); err != nil {
		return nil, err
	}
	if f.annotate != "" || f.report != "" {
		signal.Ignore(syscall.SIGPIPE) // a closed pipe must not kill the process and leave unfinished files
	}
	var o outputs
	var err error
	if o.annotate, err = createFile(f.annotate); err != nil {
		return nil, err
	}
	if o.report, err = createFile(f.report); err != nil {
		o.drop()
		return nil, err
	}
	return &o, nil
}

func (o *outputs) drop() {
	o.annotate.drop()
	o.report.drop()
}

// apart returns an error if a file would be written over one that is read, or over
// another that is written.
func apart(read []role, written ...role) error {
	for i, w := range written {
		if w.path == "" {
			continue
		}
		for _, r := range read {
			if r.path != "" && sameFile(w.path, r.path) {
				return fmt.Errorf("%s %s is %s; want another file to write to", w.what, w.path, r.what)
			}
		}
		for _, other := range written[:i] {
			if other.path != "" && sameFile(w.path, other.path) {
				return fmt.Errorf("%s and %s name the same file, %s", other.what, w.what, w.path)
			}
		}
	}
	return nil
}

// sameFile compares files, or the paths of files that do not exist yet. Devices are
// no files: writing to /dev/stdout twice is no mistake.
func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	second, err2 := os.Stat(b)
	if err == nil && err2 == nil {
		return first.Mode().IsRegular() && os.SameFile(first, second)
	}
	return err != nil && err2 != nil && resolved(a) == resolved(b)
}

// resolved is the path of a file that may not exist yet.
func resolved(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(absolute)); err == nil {
		return filepath.Join(dir, filepath.Base(absolute))
	}
	return absolute
}

// newFile is a file that is being written. Until it is complete it is called
// NAME.part, and an existing file NAME is not touched.
type newFile struct {
	*os.File
	path string // its final name; "" = it is written in place, such as a device
	done bool
}

// createFile creates a file, nil for the path "".
func createFile(path string) (*newFile, error) {
	if path == "" {
		return nil, nil
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	there, err := os.Stat(path)
	switch {
	case err == nil && there.IsDir():
		return nil, fmt.Errorf("%s is a directory; want a file to write to", path)
	case err == nil && !there.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &newFile{File: f}, err
	}
	f, err := createPart(path)
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("cannot write %s: %w", path, failed.Err)
	}
	if err == nil && there != nil {
		err = f.Chmod(there.Mode().Perm())
	}
	return &newFile{File: f, path: path}, err
}

// createPart creates NAME.part, or NAME.2.part and so on if that exists.
func createPart(path string) (*os.File, error) {
	const most = 100
	name := path + ".part"
	for n := 2; ; n++ {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if n == most || !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		name = fmt.Sprintf("%s.%d.part", path, n)
	}
}

// keep completes the file.
func (f *newFile) keep() error {
	if f == nil || f.done {
		return nil
	}
	f.done = true
	err := f.Close()
	if f.path == "" {
		return err
	}
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
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
