package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// raw is the bytes of a file as they are stored.
type raw struct {
	io.Reader
	size     int64       // -1 = not known
	anywhere io.ReaderAt // nil = it can be read only once, from its start to its end
	file     *os.File    // of a regular file
	info     fs.FileInfo
	close    []func() error
}

func (r *raw) Close() error {
	var failed []error
	for _, c := range r.close {
		failed = append(failed, c())
	}
	return errors.Join(failed...)
}

// interrupted is the error of a context as people understand it.
type interrupted struct{ error }

func (interrupted) Error() string   { return "interrupted" }
func (i interrupted) Unwrap() error { return i.error }

func openRaw(ctx context.Context, path string, stdin io.Reader) (*raw, error) {
	file, given := stdin.(*os.File)
	switch {
	case path != Stdin:
		var err error
		if file, err = open(ctx, path); err != nil {
			return nil, err
		}
	case !given:
		return waiting(ctx, stdin), nil
	}
	r, err := rawFile(ctx, file)
	switch {
	case err != nil && path != Stdin:
		return nil, errors.Join(err, file.Close())
	case err != nil:
		return nil, err
	case path != Stdin:
		r.close = append(r.close, file.Close)
	}
	return r, nil
}

// open opens a file. Opening a named pipe waits for its writer, but not longer than
// ctx.
func open(ctx context.Context, path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		if failed, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, fmt.Errorf("%s: %w", path, failed.Err)
		}
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory; want a file", path)
	case info.Mode().Type() != fs.ModeNamedPipe:
		return os.Open(path)
	}
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		file, err := os.Open(path)
		done <- opened{file, err}
	}()
	select {
	case o := <-done:
		return o.file, o.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: waiting for the writer of the pipe: %w", path, interrupted{ctx.Err()})
	}
}

func rawFile(ctx context.Context, file *os.File) (*raw, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 { // the files of /proc have no size
		return waiting(ctx, file), nil
	}
	start, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	r := &raw{file: file, info: info, size: info.Size() - start}
	r.Reader = &regular{ctx: ctx, raw: r, at: start}
	r.anywhere = io.NewSectionReader(interruptibleAt{ctx, file}, start, r.size)
	return r, nil
}

// interruptibleAt ends reading when a context ends.
type interruptibleAt struct {
	ctx context.Context
	io.ReaderAt
}

func (r interruptibleAt) ReadAt(p []byte, at int64) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, interrupted{err}
	}
	return r.ReaderAt.ReadAt(p, at)
}

// ErrChanged is the error of a file that changed while it was read.
var ErrChanged = errors.New("the file changed while it was read")

// unchanged returns an error if a regular file is not what it was when it was opened.
func (r *raw) unchanged() error {
	now, err := r.file.Stat()
	switch before := r.info.Size(); {
	case err != nil:
		return err
	case now.Size() < before:
		return fmt.Errorf("%w: it became shorter", ErrChanged)
	case now.Size() > before:
		return fmt.Errorf("%w: it became longer", ErrChanged)
	case !now.ModTime().Equal(r.info.ModTime()):
		return ErrChanged
	}
	return nil
}

// regular reads a regular file. One that changed meanwhile has no end, only an error.
type regular struct {
	ctx context.Context
	raw *raw
	at  int64
}

func (r *regular) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, interrupted{err}
	}
	n, err := r.raw.file.Read(p)
	r.at += int64(n)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	switch changed := r.raw.unchanged(); {
	case changed != nil:
		return n, changed
	case r.at < r.raw.info.Size(): // and it is long again
		return n, ErrChanged
	}
	return n, io.EOF
}

// wait reads a pipe or a terminal in a goroutine of its own, so that a read ends
// when ctx does. That goroutine may outlive it, blocked in a read that nothing can
// end, as standard input cannot be closed.
type wait struct {
	ctx    context.Context
	filled chan chunk // by the goroutine
	empty  chan []byte
	closed chan struct{}

	current chunk
	unread  []byte // of current
}

type chunk struct {
	data []byte
	err  error // after data
}

// waiting returns a raw reader that does not wait longer than ctx.
func waiting(ctx context.Context, from io.Reader) *raw {
	w := &wait{ctx: ctx, filled: make(chan chunk), empty: make(chan []byte, 2), closed: make(chan struct{})}
	for range cap(w.empty) {
		w.empty <- make([]byte, sampleSize)
	}
	go w.read(from)
	return &raw{Reader: w, size: -1, close: []func() error{func() error { close(w.closed); return nil }}}
}

func (w *wait) read(from io.Reader) {
	for {
		var buffer []byte
		select {
		case buffer = <-w.empty:
		case <-w.closed:
			return
		}
		n, err := from.Read(buffer[:cap(buffer)])
		select {
		case w.filled <- chunk{buffer[:n], err}:
		case <-w.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

func (w *wait) Read(p []byte) (int, error) {
	for len(w.unread) == 0 {
		if w.current.err != nil {
			return 0, w.current.err
		}
		if w.current.data != nil {
			w.empty <- w.current.data // has room: there are as many buffers
			w.current.data = nil
		}
		select {
		case w.current = <-w.filled:
			w.unread = w.current.data
		case <-w.ctx.Done():
			return 0, interrupted{w.ctx.Err()}
		}
	}
	n := copy(p, w.unread)
	w.unread = w.unread[n:]
	return n, nil
}
