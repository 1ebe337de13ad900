package table

import (
	"io"
	"strings"
)

// listRows are the lines of a file without a header.
type listRows struct {
	*rows
	names []string
}

// List reads a file without a header, one value in each line, as rows with one
// column. Blank lines are skipped.
func List(from io.Reader, column string) Reader {
	r := newRows(from)
	r.format = Plain
	return &listRows{rows: r, names: []string{column}}
}

func (l *listRows) Next() (Row, error) {
	for {
		r, err := l.rows.next()
		if err != nil || r.Problem != "" || strings.TrimSpace(r.Fields[0]) != "" {
			return r, err
		}
	}
}

func (l *listRows) Columns() []string                        { return l.names }
func (l *listRows) Format() string                           { return "plain lines" }
func (l *listRows) NextLine() int                            { return l.rows.line }
func (l *listRows) Hidden() int                              { return 0 }
func (l *listRows) Lines() bool                              { return false }
func (l *listRows) Bulk() (lines string, first int, ok bool) { return "", 0, false }
