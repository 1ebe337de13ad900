// Package source opens files of messages as UTF-8 text, whatever their compression
// (none, gzip, zstd) and character set (UTF-8, UTF-16, a Windows code page). File
// tells what was detected. A file that is cut off, or that changes while it is read,
// is an error, never the end of the file.
package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
)

// Stdin is the path that means standard input.
const Stdin = "-"

// sampleSize is how much of a file is read to detect its character set.
const sampleSize = 64 << 10

// File is an open file, read as UTF-8 text without a byte order mark. Only Consumed
// is safe for concurrent use.
type File struct {
	Name        string
	Size        int64  // in bytes as stored; -1 = not known
	Compression string // "gzip", "zstd" or ""
	Charset     string // "utf-8", "utf-16le", "windows-1253", …
	Guessed     bool   // the character set was guessed
	Spreadsheet bool   // an XLSX workbook: read it with [File.Stored], not Read

	stored   *raw
	reader   io.Reader
	closers  []io.Closer
	consumed atomic.Int64
}

// Open opens a file, or standard input for [Stdin]. charset is a name such as
// "windows-1253"; "" detects it. When ctx ends, reading fails with its cause, also
// a read that waits for a pipe.
func Open(ctx context.Context, path string, stdin io.Reader, charset string) (*File, error) {
	f := &File{Name: path}
	raw, err := openRaw(ctx, path, stdin)
	if err != nil {
		return nil, err
	}
	f.stored, f.Size = raw, raw.size
	if path == Stdin {
		f.Name = "standard input"
	}
	f.closers = append(f.closers, raw)
	if err := f.unpack(raw); err != nil {
		f.Close()
		return nil, err
	}
	if f.Spreadsheet {
		return f, nil
	}
	if err := f.decode(charset); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Read reads UTF-8 text.
func (f *File) Read(p []byte) (int, error) { return f.reader.Read(p) }

// Consumed returns how many bytes of the file, as stored, have been read.
func (f *File) Consumed() int64 { return f.consumed.Load() }

// Share is how much of the file that is, from 0 to 1.
func (f *File) Share() float64 { return float64(f.Consumed()) / float64(max(1, f.Size)) }

// Stored returns the file as it is stored, if it is a workbook. What is read of it
// counts as consumed.
func (f *File) Stored() io.ReaderAt { return countingAt{f.stored.anywhere, &f.consumed} }

// Rest says that so many bytes are still to be read of a workbook.
func (f *File) Rest(size int64) {
	f.Size = size
	f.consumed.Store(0)
}

// Unchanged returns an error if a workbook changed since it was opened.
func (f *File) Unchanged() error { return f.stored.unchanged() }

// CloseWith makes Close close c first.
func (f *File) CloseWith(c io.Closer) { f.closers = append(f.closers, c) }

// Close closes the file.
func (f *File) Close() error {
	var failed []error
	for _, v := range slices.Backward(f.closers) {
		failed = append(failed, v.Close())
	}
	f.closers = nil
	return errors.Join(failed...)
}

// String is what was detected: "gzip, windows-1253 (guessed)".
func (f *File) String() string {
	s := f.Charset
	if f.Spreadsheet {
		s = "XLSX workbook"
	}
	if f.Guessed {
		s += " (guessed)"
	}
	if f.Compression != "" {
		s = f.Compression + ", " + s
	}
	return s
}

// errCutOff is the error for compressed data without its end.
var errCutOff = errors.New("the compressed data ends early: the file was cut off; get the whole file")

// unpacking is a decompressor that tells compressed data without its end from the
// end of the file.
type unpacking struct{ io.Reader }

func (u unpacking) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	return n, cutOff(err)
}

func cutOff(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errCutOff
	}
	return err
}

// counting counts the bytes that are read.
type counting struct {
	io.Reader
	n *atomic.Int64
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// countingAt counts the bytes that are read anywhere.
type countingAt struct {
	io.ReaderAt
	n *atomic.Int64
}

func (c countingAt) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, at)
	c.n.Add(int64(n))
	return n, err
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	zipMagic  = []byte("PK\x03\x04")
)

// unreadable are formats that cannot be read, by their first bytes.
var unreadable = []struct{ magic, what string }{
	{"\xd0\xcf\x11\xe0", "an old or encrypted office document; save it as an XLSX workbook without a password, or as CSV"},
	{"\xfd7zXZ", "compressed with xz; want gzip, zstd, or no compression"},
	{"BZh", "compressed with bzip2; want gzip, zstd, or no compression"},
	{"7z\xbc\xaf", "a 7z archive; want CSV, TSV, JSON Lines or XLSX"},
	{"%PDF-", "a PDF document; want CSV, TSV, JSON Lines or XLSX"},
}

// unpack decompresses, going by the first bytes, not by the name.
func (f *File) unpack(raw *raw) error {
	buffered := bufio.NewReaderSize(counting{raw, &f.consumed}, sampleSize)
	head, err := buffered.Peek(8) // an error leaves a shorter head
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	for _, other := range unreadable {
		if bytes.HasPrefix(head, []byte(other.magic)) {
			return fmt.Errorf("%s is %s", f.Name, other.what)
		}
	}
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return fmt.Errorf("%s: gzip: %w", f.Name, cutOff(err))
		}
		f.Compression, f.reader = "gzip", unpacking{unpacked}
	case bytes.HasPrefix(head, zstdMagic):
		// One decoder with a bounded window: a file must not decide how much memory is used.
		unpacked, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(32<<20))
		if err != nil {
			return fmt.Errorf("%s: zstd: %w", f.Name, cutOff(err))
		}
		f.closers = append(f.closers, unpacked.IOReadCloser())
		f.Compression, f.reader = "zstd", unpacking{unpacked}
	case bytes.HasPrefix(head, zipMagic):
		if raw.anywhere == nil {
			return fmt.Errorf("%s is a ZIP archive; a workbook must be given as a file, not as a pipe", f.Name)
		}
		f.Spreadsheet = true
	default:
		f.reader = buffered
	}
	return nil
}

// decode decodes to UTF-8, if the file is not UTF-8.
func (f *File) decode(charset string) error {
	buffered := bufio.NewReaderSize(f.reader, sampleSize)
	f.reader = buffered
	sample, err := buffered.Peek(sampleSize)
	if len(sample) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", f.Name, err) // otherwise the error follows the data
	}
	found, mark, err := f.charset(charset, sample)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	if _, err := buffered.Discard(mark); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	f.Charset = found.name
	if found.encoding != encoding.Nop {
		f.reader = decoded(buffered, found.encoding)
	}
	return nil
}
