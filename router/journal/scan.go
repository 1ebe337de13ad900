package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"

	"github.com/anysms/anysms/router"
)

// header is the first line. A file that begins otherwise is not a journal, and is
// not changed.
const header = "anysms journal 1\n"

// maxLine bounds a line; entries are far shorter.
const maxLine = 1 << 20

func checksum(body []byte) uint32 { return crc32.ChecksumIEEE(body) }

// scanner reads the lines of a journal. A damaged last line ends it without an
// error, because a crash may have cut it short.
type scanner struct {
	path  string
	from  *bufio.Reader
	line  int
	good  int64 // where the last whole line ends
	entry router.JournalEntry
	err   error
}

func newScanner(path string, from io.Reader) *scanner {
	return &scanner{path: path, from: bufio.NewReaderSize(from, 1<<16)}
}

// readHeader reads the first line. A file that is empty or has only the beginning
// of the header is a new journal.
func (s *scanner) readHeader() {
	got, err := s.from.Peek(len(header))
	switch {
	case string(got) == header:
		_, _ = s.from.Discard(len(header)) // it was peeked
		s.line, s.good = 1, int64(len(header))
	case errors.Is(err, io.EOF) && strings.HasPrefix(header, string(got)):
	default:
		s.err = fmt.Errorf("journal: %s:1: not a journal; want the first line %q", s.path, strings.TrimSpace(header))
	}
}

// next reads an entry; false = the end or an error.
func (s *scanner) next() bool {
	if s.line == 0 && s.err == nil {
		s.readHeader()
	}
	if s.line == 0 || s.err != nil {
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
	if err := s.parse(line); err != nil {
		if _, last := s.from.Peek(1); !errors.Is(last, io.EOF) {
			s.err = fmt.Errorf("journal: %s:%d: %w", s.path, s.line, err)
		}
		return false
	}
	s.good += int64(len(line))
	return true
}

func (s *scanner) readLine() ([]byte, error) {
	var line []byte
	for {
		part, err := s.from.ReadSlice('\n')
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) > maxLine {
			return nil, fmt.Errorf("the line has more than %d bytes; not a journal", maxLine)
		}
	}
}

var errDamaged = errors.New("the line is damaged: its checksum is wrong; if this file is a journal, restore it from a copy, or remove the line and check its message at the vendor")

func (s *scanner) parse(line []byte) error {
	if len(line) < 10 || line[8] != ' ' {
		return errDamaged
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	body := line[9 : len(line)-1]
	if err != nil || checksum(body) != uint32(sum) {
		return errDamaged
	}
	s.entry = router.JournalEntry{}
	if err := json.Unmarshal(body, &s.entry); err != nil {
		return fmt.Errorf("the line is not an entry: %w", err)
	}
	return nil
}
