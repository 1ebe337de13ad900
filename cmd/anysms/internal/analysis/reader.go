package analysis

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/source"
)

// A reader gives the rows of a file of any format.
type reader interface {
	// next gives the next row, whose fields are in the order of columns. The
	// error is io.EOF at the end, else what made reading fail.
	next() (row, error)
	// columns are the names of the columns; of JSON Lines those that were asked
	// for.
	columns() []string
	// format says how the file is read: "comma-separated", "JSON Lines", …
	format() string
	// line is the line that would be read next.
	nextLine() int
}

// textReader opens text: JSON Lines by the file's name or its first character,
// else separated values.
func textReader(from io.Reader, opts *Options) (reader, error) {
	r := newRows(from)
	r.fill()
	r.data = strings.TrimPrefix(r.data, "\ufeff")
	if opts.Format == nil && isJSONLines(opts.Name, r.data) {
		r.format = Format{Delimiter: '\n'} // a line is one field
		names := opts.columns()
		return &jsonRows{rows: r, object: object{names: names}, values: make([]string, len(names))}, nil
	}
	return separated(r, opts)
}

func isJSONLines(name, head string) bool {
	name = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(name), ".gz"), ".zst")
	switch filepath.Ext(name) {
	case ".jsonl", ".ndjson":
		return true
	case ".csv", ".tsv", ".tab":
		return false
	}
	head = strings.TrimLeft(head, " \t\r\n")
	return strings.HasPrefix(head, "{") && strings.HasPrefix(strings.TrimLeft(head[1:], " \t"), `"`)
}

// csvRows are separated values behind their header.
type csvRows struct {
	*rows
	names []string
}

func separated(r *rows, opts *Options) (reader, error) {
	first, _, _ := strings.Cut(r.data, "\n")
	r.format = detect(opts.Name, first)
	if opts.Format != nil {
		r.format = *opts.Format
	}
	header, err := r.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errEmpty
	case err != nil:
		return nil, err
	case header.problem != "":
		return nil, fmt.Errorf("line 1: %s", header.problem)
	}
	return &csvRows{rows: r, names: slices.Clone(header.fields)}, nil
}

var errEmpty = errors.New("the file is empty; want a header line with the names of the columns")

// next passes over blank lines: they are no rows, where a row has more than one
// field.
func (c *csvRows) next() (row, error) {
	for {
		r, err := c.rows.next()
		switch {
		case err != nil:
			return r, err
		case len(c.names) > 1 && len(r.fields) == 1 && r.fields[0] == "":
			continue
		case r.problem == "" && len(r.fields) != len(c.names):
			r.problem = fmt.Sprintf("the row has %d fields, the header %d", len(r.fields), len(c.names))
		}
		return r, nil
	}
}

func (c *csvRows) columns() []string { return c.names }
func (c *csvRows) format() string    { return c.rows.format.String() }
func (c *csvRows) nextLine() int     { return c.rows.line }

// jsonRows are lines of JSON.
type jsonRows struct {
	rows   *rows
	object object
	values []string
}

func (j *jsonRows) next() (row, error) {
	for {
		r, err := j.rows.next()
		if err != nil || r.problem != "" {
			return r, err
		}
		if strings.TrimSpace(r.fields[0]) == "" {
			continue
		}
		r.problem = j.object.fields(r.fields[0], j.values)
		r.fields = j.values
		return r, nil
	}
}

func (j *jsonRows) columns() []string { return j.object.names }
func (j *jsonRows) format() string    { return "JSON Lines" }
func (j *jsonRows) nextLine() int     { return j.rows.line }

// sheetRows are the rows of a worksheet.
type sheetRows struct {
	sheet *source.Sheet
	names []string
	line  int
}

func workbookReader(sheet *source.Sheet) (reader, error) {
	_, names, ok, err := sheet.Next()
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, errEmpty
	}
	return &sheetRows{sheet: sheet, names: slices.Clone(names), line: 2}, nil
}

// next fills short rows: a workbook does not store empty cells at the end.
func (s *sheetRows) next() (row, error) {
	for {
		line, fields, ok, err := s.sheet.Next()
		if err != nil {
			return row{}, err
		}
		if !ok {
			return row{}, io.EOF
		}
		s.line = line + 1
		if len(fields) == 0 {
			continue
		}
		for len(fields) < len(s.names) {
			fields = append(fields, "")
		}
		r := row{line: line, fields: fields}
		if len(fields) > len(s.names) {
			r.problem = fmt.Sprintf("the row has %d fields, the header %d", len(fields), len(s.names))
		}
		return r, nil
	}
}

func (s *sheetRows) columns() []string { return s.names }
func (s *sheetRows) format() string    { return fmt.Sprintf("worksheet %q", s.sheet.Name) }
func (s *sheetRows) nextLine() int     { return s.line }
