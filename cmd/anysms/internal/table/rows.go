package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// MaxRow is the maximum length of a row in bytes; a longer one is skipped and
// reported. It bounds the memory for any file.
const MaxRow = 1 << 20

// TooLong is the Problem of a row longer than MaxRow.
var TooLong = fmt.Sprintf("the row is longer than %d bytes", MaxRow)

// hasNUL is the Problem of a row that no text file has.
const hasNUL = "the row contains a NUL byte"

// chunkSize is the size of one read.
const chunkSize = 256 << 10

// Row is one row of a file.
type Row struct {
	Line    int      // physical line where it starts, from 1
	Fields  []string // valid until the next row; the strings stay valid
	Problem string   // why it cannot be read; "" = none
}

// rows cuts a file into rows. Fields are substrings of the data that was read.
type rows struct {
	from   io.Reader
	format Format
	chunk  []byte
	data   string // read and not yet returned
	line   int    // physical line where data starts
	eof    bool   // data is the rest of the file
	failed error  // why reading failed
	nul    bool   // NUL bytes have been read
	fields []string
}

func newRows(from io.Reader) *rows {
	return &rows{from: from, chunk: make([]byte, chunkSize), line: 1}
}

// next returns the next row. The error is io.EOF at the end of the file, else why
// reading failed.
func (r *rows) next() (Row, error) {
	for {
		if row, ok := r.cut(); ok {
			if r.nul && slices.ContainsFunc(row.Fields, func(field string) bool { return strings.IndexByte(field, 0) >= 0 }) {
				row.Problem = hasNUL
			}
			return row, nil
		}
		switch {
		case r.eof:
			return Row{}, io.EOF
		case r.failed != nil:
			return Row{}, r.failed
		}
		r.fill()
	}
}

// fill reads one more chunk. What was read before an error is kept, but only io.EOF
// makes an unterminated last line a row.
func (r *rows) fill() {
	n, err := 0, error(nil)
	for n < len(r.chunk) && err == nil {
		var more int
		more, err = r.from.Read(r.chunk[n:])
		n += more
	}
	r.data += string(r.chunk[:n])
	r.nul = r.nul || bytes.IndexByte(r.chunk[:n], 0) >= 0
	if errors.Is(err, io.EOF) {
		r.eof = true
		return
	}
	r.failed = err
}

// cut removes one row from data. It is false if data does not have a complete one.
func (r *rows) cut() (Row, bool) {
	end := strings.IndexByte(r.data, '\n')
	switch {
	case r.data == "":
		return Row{}, false
	case end > MaxRow, end < 0 && len(r.data) > MaxRow:
		return r.skipLine(), true
	case end < 0 && !r.eof:
		return Row{}, false
	case end < 0:
		end = len(r.data)
	}
	line := r.data[:end]
	if r.format.Quotes && strings.IndexByte(line, '"') >= 0 {
		return r.cutQuoted(end)
	}
	r.split(withoutCR(line))
	found := Row{Line: r.line, Fields: r.fields}
	r.data = r.data[min(end+1, len(r.data)):]
	r.line++
	return found, true
}

// take returns the row with the current fields and drops its bytes, including the
// newline at end.
func (r *rows) take(end int, problem string) Row {
	found := Row{Line: r.line, Fields: r.fields, Problem: problem}
	if problem != "" {
		found.Fields = nil
	}
	end = min(end+1, len(r.data))
	lines := strings.Count(r.data[:end], "\n")
	if problem != "" && lines > 1 {
		found.Problem += fmt.Sprintf("; lines %d to %d are skipped", r.line, r.line+lines-1)
	}
	r.line += lines
	r.data = r.data[end:]
	return found
}

// split fills the fields of a line without quotes.
func (r *rows) split(line string) {
	r.fields = r.fields[:0]
	if r.format == Plain {
		r.fields = append(r.fields, line)
		return
	}
	for {
		i := strings.IndexByte(line, r.format.Delimiter)
		if i < 0 {
			r.fields = append(r.fields, line)
			return
		}
		r.fields = append(r.fields, line[:i])
		line = line[i+1:]
	}
}

// cutQuoted removes a row with a quote in its first line, which ends at firstEnd.
// If the row has no end, only that line is skipped, and the next line starts a row.
func (r *rows) cutQuoted(firstEnd int) (Row, bool) {
	r.fields = r.fields[:0]
	for at := 0; ; at++ {
		next, verdict := r.field(at)
		switch verdict {
		case fieldOpen:
			if !r.eof && len(r.data) <= MaxRow {
				return Row{}, false
			}
			return r.take(firstEnd, "unclosed quote"), true
		case fieldBroken:
			end := strings.IndexByte(r.data[next:], '\n')
			if end < 0 {
				end = len(r.data) - next
			}
			return r.take(next+end, "text after a closing quote; write a quote inside a field twice"), true
		}
		at = next
		if at >= len(r.data) || r.data[at] == '\n' {
			return r.take(at, ""), true
		}
	}
}

type fieldVerdict int

const (
	fieldWhole  fieldVerdict = iota // it ends at a delimiter, a newline or the end of the file
	fieldOpen                       // data ends before it does
	fieldBroken                     // the closing quote is followed by something else
)

// field reads the field that starts at an offset and returns where it ends.
func (r *rows) field(at int) (end int, verdict fieldVerdict) {
	if at < len(r.data) && r.data[at] == '"' {
		return r.quotedField(at + 1)
	}
	end = at
	for end < len(r.data) && r.data[end] != r.format.Delimiter && r.data[end] != '\n' {
		end++
	}
	if end == len(r.data) && !r.eof {
		return end, fieldOpen
	}
	value := r.data[at:end]
	if end == len(r.data) || r.data[end] == '\n' {
		value = withoutCR(value)
	}
	r.fields = append(r.fields, value)
	return end, fieldWhole
}

// quotedField reads a field whose opening quote is just before the offset.
func (r *rows) quotedField(start int) (end int, verdict fieldVerdict) {
	doubled := false
	at := start
	for {
		quote := strings.IndexByte(r.data[at:], '"')
		if quote < 0 {
			return at, fieldOpen
		}
		at += quote + 1
		if at == len(r.data) && !r.eof {
			return at, fieldOpen
		}
		if at == len(r.data) || r.data[at] != '"' {
			break
		}
		doubled = true
		at++
	}
	value := r.data[start : at-1]
	if doubled {
		value = strings.ReplaceAll(value, `""`, `"`)
	}
	r.fields = append(r.fields, value)
	if at == len(r.data) || r.data[at] == r.format.Delimiter {
		return at, fieldWhole
	}
	for at < len(r.data) && r.data[at] == '\r' {
		at++
	}
	switch {
	case at == len(r.data) && !r.eof:
		return at, fieldOpen
	case at < len(r.data) && r.data[at] != '\n':
		return at, fieldBroken
	}
	return at, fieldWhole
}

// withoutCR removes the carriage returns before a newline. There may be several, as
// programs add one where there is one already.
func withoutCR(line string) string { return strings.TrimRight(line, "\r") }

// skipLine skips a line that is longer than MaxRow.
func (r *rows) skipLine() Row {
	r.fields = r.fields[:0]
	for {
		end := strings.IndexByte(r.data, '\n')
		if end < 0 && !r.eof && r.failed == nil {
			r.data = ""
			r.fill()
			continue
		}
		if end < 0 {
			end = len(r.data)
		}
		return r.take(end, TooLong)
	}
}
