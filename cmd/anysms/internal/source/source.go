// Package source opens files of messages as UTF-8 text, whatever their compression
// (none, gzip, zstd) and character set (UTF-8, UTF-16, a Windows code page). File
// tells what was detected.
package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
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
	Spreadsheet bool   // an XLSX workbook: read it with [File.Sheet], not Read

	reader   io.Reader
	closers  []io.Closer
	consumed atomic.Int64
	path     string
}

// Open opens a file, or standard input for [Stdin]. charset is a name such as
// "windows-1253"; "" detects it.
func Open(path string, stdin io.Reader, charset string) (*File, error) {
	f := &File{Name: path, Size: -1, path: path}
	raw, err := f.open(stdin)
	if err != nil {
		return nil, err
	}
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

func (f *File) open(stdin io.Reader) (io.Reader, error) {
	if f.path == Stdin {
		f.Name = "standard input"
		return stdin, nil
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	f.closers = append(f.closers, file)
	info, err := file.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a directory; want a file", f.path)
	}
	if info.Mode().IsRegular() {
		f.Size = info.Size()
	}
	return file, nil
}

// Read reads UTF-8 text.
func (f *File) Read(p []byte) (int, error) { return f.reader.Read(p) }

// Consumed returns how many bytes of the file, as stored, have been read.
func (f *File) Consumed() int64 { return f.consumed.Load() }

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

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	zipMagic  = []byte("PK\x03\x04")
)

// unpack decompresses, going by the first bytes, not by the name.
func (f *File) unpack(raw io.Reader) error {
	buffered := bufio.NewReaderSize(counting{raw, &f.consumed}, sampleSize)
	head, _ := buffered.Peek(4) // an error leaves a shorter head
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		f.Compression, f.reader = "gzip", unpacked
	case bytes.HasPrefix(head, zstdMagic):
		// One decoder with a bounded window: a file must not decide how much memory is used.
		unpacked, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(32<<20))
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		f.closers = append(f.closers, unpacked.IOReadCloser())
		f.Compression, f.reader = "zstd", unpacked
	case bytes.HasPrefix(head, zipMagic):
		if f.path == Stdin {
			return fmt.Errorf("%s is a ZIP archive; a workbook must be given as a file", f.Name)
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
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", f.Name, err)
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
		f.reader = found.encoding.NewDecoder().Reader(buffered)
	}
	return nil
}
