package journal

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The first line is the magic, then a salt in hexadecimal. A file that begins
// otherwise is not a journal, and is not changed.
const (
	magic      = "anysms journal 2 "
	saltSize   = 16
	headerSize = len(magic) + 2*saltSize + 1
)

func header(salt []byte) string { return magic + hex.EncodeToString(salt) + "\n" }

// scanner reads the lines of a journal. A damaged last line ends it without an
// error, because a crash may have cut it short.
type scanner struct {
	path string
	from *bufio.Reader
	line int
	salt []byte // nil = the file is empty or has only a part of the header
	good int64  // where the last whole line ends
	long []byte // holds a line that is longer than the reader's buffer

	body  []byte // of the entry, valid until next is called again
	start int64  // where its line begins
	err   error
}

func newScanner(path string, from io.Reader) *scanner {
	return &scanner{path: path, from: bufio.NewReaderSize(from, 1<<16)}
}

// readHeader reads the first line. A file that is empty or has only the beginning
// of the header is a new journal. It reports whether lines follow.
func (s *scanner) readHeader() bool {
	got, err := s.from.Peek(headerSize)
	if len(got) < headerSize {
		if !errors.Is(err, io.EOF) {
			s.err = fmt.Errorf("journal: %s: %w", s.path, err)
		} else if !strings.HasPrefix(header(make([]byte, saltSize)), mask(got)) {
			s.err = s.notAJournal()
		}
		return false
	}
	salt, err := hex.DecodeString(string(got[len(magic) : headerSize-1]))
	if err != nil || string(got) != header(salt) {
		s.err = s.notAJournal()
		return false
	}
	_, _ = s.from.Discard(headerSize) // it was peeked
	s.line, s.salt, s.good = 1, salt, int64(headerSize)
	return true
}

// mask replaces the digits of a salt by zeros.
func mask(begun []byte) string {
	n := min(len(begun), len(magic))
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("0123456789abcdef", r) {
			return '0'
		}
		return r
	}, string(begun[n:]))
	return string(begun[:n]) + digits
}

func (s *scanner) notAJournal() error {
	return fmt.Errorf("journal: %s:1: not a journal; want the first line to begin with %q", s.path, strings.TrimSpace(magic))
}

// next reads a line; false = the end or an error, after which it must not be called.
func (s *scanner) next() bool {
	if s.line == 0 && !s.readHeader() {
		return false
	}
	line, err := s.readLine()
	if errors.Is(err, io.EOF) {
		return false // what is left has no line end: it is incomplete
	}
	if err != nil {
		s.err = fmt.Errorf("journal: %s:%d: %w", s.path, s.line+1, err)
		return false
	}
	s.line++
	body, whole := bodyOf(line[:len(line)-1])
	if !whole {
		if _, last := s.from.Peek(1); !errors.Is(last, io.EOF) {
			s.fail(errDamaged)
		}
		return false
	}
	s.body, s.start = body, s.good
	s.good += int64(len(line))
	return true
}

// fail ends the reading with an error about the present line.
func (s *scanner) fail(err error) {
	if s.err == nil {
		s.err = fmt.Errorf("journal: %s:%d: %w", s.path, s.line, err)
	}
}

// readLine returns a line with its end, valid until the next call.
func (s *scanner) readLine() ([]byte, error) {
	line, err := s.from.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	s.long = s.long[:0]
	for errors.Is(err, bufio.ErrBufferFull) {
		if s.long = append(s.long, line...); len(s.long) >= maxLine {
			return nil, fmt.Errorf("the line has more than %d bytes; not a journal", maxLine)
		}
		line, err = s.from.ReadSlice('\n')
	}
	s.long = append(s.long, line...)
	return s.long, err
}

var errDamaged = errors.New("the line is damaged: its checksum is wrong; if this file is a journal, restore it from a copy, or remove the line and check its message at the vendor")
