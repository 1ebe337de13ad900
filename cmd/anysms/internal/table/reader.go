package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Reader reads the rows of a file of any format. It is not safe for concurrent use.
type Reader interface {
	// Next returns the next row, with fields in the order of Columns. The error is
	// io.EOF at the end, else why reading failed.
	Next() (Row, error)
	// Columns returns the names of the columns; for JSON Lines, the requested keys.
	Columns() []string
	// Format returns how the file is read: "comma-separated", "JSON Lines", …
	Format() string
	// NextLine returns the physical line that is read next.
	NextLine() int
	// Bulk returns the complete lines that are buffered, each with its newline, and
	// the number of the first, if the rows are plain lines: each line is a row, see
	// [Line]. ok is false if they are not, or if the next row must be read by Next.
	// Next does not return the rows that Bulk has returned.
	Bulk() (lines string, first int, ok bool)
	// Hidden returns how many rows were left out because the worksheet hides them.
	Hidden() int
	// Lines reports whether the file is JSON Lines, which have no columns of their
	// own.
	Lines() bool
}

// Text opens a text file: JSON Lines by the file's name or its first characters,
// else separated values; given, if not nil, overrides the detection. keys are the
// keys to read from JSON Lines; of separated values all columns are read.
func Text(from io.Reader, name string, given *Format, keys []string) (Reader, error) {
	r := newRows(from)
	r.fill()
	r.data = strings.TrimPrefix(r.data, "\ufeff")
	if r.data == "" && r.failed != nil {
		return nil, r.failed
	}
	if given == nil {
		jsonLines, err := isJSONLines(name, r.data)
		if err != nil {
			return nil, err
		}
		if jsonLines {
			r.format = Format{Delimiter: '\n'} // a line is one field
			return &jsonRows{rows: r, object: object{names: keys}, values: make([]string, len(keys)), seen: sampleKeys(r.data)}, nil
		}
	}
	return separated(r, name, given)
}

// isJSONLines goes by the first characters of the file, and by its name. Other JSON
// is an error.
func isJSONLines(name, head string) (bool, error) {
	named := slices.Contains([]string{".jsonl", ".ndjson", ".json"}, extension(name))
	head = strings.TrimLeft(head, " \t\r\n")
	inner := ""
	if head != "" {
		inner = strings.TrimLeft(head[1:], " \t\r\n")
	}
	switch {
	case strings.HasPrefix(head, "[") && (named || strings.HasPrefix(inner, "{")):
		return false, errors.New("the file is a JSON array; want JSON Lines, one object in each line (jq -c '.[]' makes them of an array)")
	case strings.HasPrefix(head, "{") && strings.HasPrefix(inner, `"`):
		if first, _, _ := strings.Cut(head, "\n"); strings.TrimSpace(first) == "{" {
			return false, errors.New("the file is JSON over several lines; want JSON Lines, one object in each line (jq -c . makes them)")
		}
		return true, nil
	}
	return named, nil
}

// extension is the lower-case extension of a file's name, without that of its
// compression.
func extension(name string) string {
	name = strings.ToLower(name)
	return filepath.Ext(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst"))
}

// csvRows are separated values after their header.
type csvRows struct {
	*rows
	names []string
}

func separated(r *rows, name string, given *Format) (Reader, error) {
	first, rest, _ := strings.Cut(r.data, "\n")
	r.format = detect(name, first)
	if delimiter, ok := strings.CutPrefix(withoutCR(first), "sep="); ok && len(delimiter) == 1 {
		// A line by which spreadsheet programs are told the delimiter.
		r.format = Format{Delimiter: delimiter[0], Quotes: delimiter != "\t"}
		r.data, r.line = rest, 2
	}
	if given != nil {
		r.format = *given
	}
	if strings.Contains(withoutCR(first), "\r") {
		return nil, errors.New("the lines end with a carriage return alone, as in old Mac files; want a newline (tr '\\r' '\\n' converts them)")
	}
	header, err := r.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errEmpty
	case err != nil:
		return nil, err
	case header.Problem == hasNUL:
		return nil, errors.New("not a text file: its first line contains a NUL byte; want CSV, TSV, JSON Lines or XLSX")
	case header.Problem != "":
		return nil, fmt.Errorf("line %d: %s", header.Line, header.Problem)
	}
	return &csvRows{rows: r, names: slices.Clone(header.Fields)}, nil
}

var errEmpty = errors.New("the file is empty; want a header line with column names")

// Next skips blank lines, unless there is only one column.
func (c *csvRows) Next() (Row, error) {
	for {
		r, err := c.rows.next()
		switch {
		case err != nil:
			return r, err
		case len(c.names) > 1 && len(r.Fields) == 1 && r.Fields[0] == "":
			continue
		case r.Problem == "" && len(r.Fields) != len(c.names):
			r.Problem = fmt.Sprintf("wrong number of fields: got %d, want %d", len(r.Fields), len(c.names))
		}
		return r, nil
	}
}

// Bulk leaves an unterminated last line and an overlong one to Next.
func (c *csvRows) Bulk() (lines string, first int, ok bool) {
	r := c.rows
	if r.format != Plain || len(c.names) != 1 {
		return "", 0, false
	}
	end := strings.LastIndexByte(r.data, '\n')
	if end < 0 && !r.eof && r.failed == nil {
		r.fill()
		end = strings.LastIndexByte(r.data, '\n')
	}
	if end < 0 || r.nul || strings.IndexByte(r.data, '\n') > MaxRow {
		return "", 0, false
	}
	lines, first = r.data[:end+1], r.line
	r.data = r.data[end+1:]
	r.line += strings.Count(lines, "\n")
	return lines, first, true
}

// Line returns the row of one line of Reader.Bulk. fields is reused.
func Line(line string, number int, fields *[1]string) Row {
	fields[0] = withoutCR(line)
	return Row{Line: number, Fields: fields[:]}
}

func (c *csvRows) Columns() []string { return c.names }
func (c *csvRows) Format() string    { return c.rows.format.String() }
func (c *csvRows) NextLine() int     { return c.rows.line }
func (c *csvRows) Hidden() int       { return 0 }
func (c *csvRows) Lines() bool       { return false }

// jsonRows are lines of JSON.
type jsonRows struct {
	rows   *rows
	object object
	values []string
	seen   []string // keys of the first lines; empty if those are not JSON
}

// sampleKeys lists the keys of the first lines.
func sampleKeys(head string) (keys []string) {
	const most = 100
	for line := range strings.Lines(head) {
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(line), &object) != nil {
			continue // cut off, or reported later
		}
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if !slices.Contains(keys, key) && len(keys) < most {
				keys = append(keys, key)
			}
		}
		if len(keys) == most {
			break
		}
	}
	return keys
}

func (j *jsonRows) Next() (Row, error) {
	for {
		r, err := j.rows.next()
		if err != nil || r.Problem != "" {
			return r, err
		}
		if strings.TrimSpace(r.Fields[0]) == "" {
			continue
		}
		r.Problem = j.object.fields(r.Fields[0], j.values)
		r.Fields = j.values
		return r, nil
	}
}

func (j *jsonRows) Columns() []string { return j.object.names }
func (j *jsonRows) Format() string    { return "JSON Lines" }
func (j *jsonRows) NextLine() int     { return j.rows.line }
func (j *jsonRows) Hidden() int       { return 0 }
func (j *jsonRows) Lines() bool       { return true }

// Bulk returns nothing, as each line is parsed.
func (j *jsonRows) Bulk() (lines string, first int, ok bool) { return "", 0, false }
