package table

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxRow is the longest row in bytes; a longer one is skipped and reported.
// It bounds the memory whatever the file holds.
const MaxRow = 1 << 20

// TooLong is the Problem of a row longer than MaxRow.
var TooLong = fmt.Sprintf("the row is longer than %d bytes", MaxRow)

// chunkSize is how much is read at once.
const chunkSize = 256 << 10

// Row is one row of a file.
type Row struct {
	Line    int      // physical line on which it begins, the first is 1
	Fields  []string // valid until the next row; the strings stay valid
	Problem string   // why it cannot be read; "" = it can
}

// rows cuts a file into rows. Fields are parts of the chunk that was read, not
// copies of it.
type rows struct {
	from   io.Reader
	format Format
	chunk  []byte
	data   string // read and not yet given
	line   int    // physical line at which data begins
	eof    bool   // data is all that is left
	failed error  // why nothing more can be read
	fields []string
}

func newRows(from io.Reader) *rows {
	return &rows{from: from, chunk: make([]byte, chunkSize), line: 1}
}

// next gives the next row. The error is io.EOF at the end of the file, else
// what made reading fail.
func (r *rows) next() (Row, error) {
	for {
		if row, ok := r.cut(); ok {
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

// fill reads one more chunk.
func (r *rows) fill() {
	n, err := io.ReadFull(r.from, r.chunk)
	r.data += string(r.chunk[:n])
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.eof = true
	default:
		r.failed = err
	}
}

// cut takes one row off the data; it is false if the data do not hold a whole
// one.
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
	r.split(strings.TrimSuffix(line, "\r"))
	found := Row{Line: r.line, Fields: r.fields}
	r.data = r.data[min(end+1, len(r.data)):]
	r.line++
	return found, true
}

// take gives the row whose fields were found and drops its bytes, up to and
// with the line feed at end.
func (r *rows) take(end int, problem string) Row {
	found := Row{Line: r.line, Fields: r.fields, Problem: problem}
	if problem != "" {
		found.Fields = nil
	}
	end = min(end+1, len(r.data))
	lines := strings.Count(r.data[:end], "\n")
	if problem != "" && lines > 1 {
		found.Problem += fmt.Sprintf("; lines %d to %d are given up", r.line, r.line+lines-1)
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

// cutQuoted takes a row that has a quote in its first line, which ends at
// firstEnd. If the row has no end, that line alone is given up, and the next one
// begins a row again.
func (r *rows) cutQuoted(firstEnd int) (Row, bool) {
	r.fields = r.fields[:0]
	for at := 0; ; at++ {
		next, verdict := r.field(at)
		switch verdict {
		case fieldOpen:
			if !r.eof && len(r.data) <= MaxRow {
				return Row{}, false
			}
			return r.take(firstEnd, "a quote is opened and not closed"), true
		case fieldBroken:
			end := strings.IndexByte(r.data[next:], '\n')
			if end < 0 {
				end = len(r.data) - next
			}
			return r.take(next+end, "a closing quote is followed by more text; a quote inside a field is written twice"), true
		}
		at = next
		if at >= len(r.data) || r.data[at] == '\n' {
			return r.take(at, ""), true
		}
	}
}

type fieldVerdict int

const (
	fieldWhole  fieldVerdict = iota // it ends at a delimiter, a line feed or the end of the file
	fieldOpen                       // the data end within it
	fieldBroken                     // the closing quote is followed by something else
)

// field reads the field that begins at an offset and tells where it ends.
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
		value = strings.TrimSuffix(value, "\r")
	}
	r.fields = append(r.fields, value)
	return end, fieldWhole
}

// quotedField reads a field whose opening quote stands before the offset.
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
	if at+1 < len(r.data) && r.data[at] == '\r' && r.data[at+1] == '\n' {
		at++
	}
	if at < len(r.data) && r.data[at] == '\r' && at+1 == len(r.data) {
		if !r.eof {
			return at, fieldOpen
		}
		at++
	}
	if at < len(r.data) && r.data[at] != r.format.Delimiter && r.data[at] != '\n' {
		return at, fieldBroken
	}
	r.fields = append(r.fields, value)
	return at, fieldWhole
}

// skipLine reads on to the end of a line that is longer than MaxRow and keeps
// nothing of it.
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
