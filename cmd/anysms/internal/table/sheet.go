package table

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/xlsx"
)

// Form is how the values of a worksheet's column are read.
type Form int

// The forms.
const (
	Unread Form = iota // as shown; what cannot be read is no problem
	Shown              // as the sheet shows it: for texts
	Stored             // numbers with all their digits: for references
	Phone              // whole numbers with all their digits
	Moment             // dates and times as RFC 3339, by the computer's time zone
)

// sheetRows are the rows of a worksheet.
type sheetRows struct {
	sheet  *xlsx.Sheet
	opts   SheetOptions
	names  []string
	forms  []Form
	fields []string
	line   int
	hidden int
}

// SheetOptions says how a worksheet is read.
type SheetOptions struct {
	Form   func(column string) Form
	Hidden bool         // read hidden rows too
	End    func() error // checks at the end that the file is still the same
}

// Workbook opens a worksheet. The first row with values is the header.
func Workbook(sheet *xlsx.Sheet, opts SheetOptions) (Reader, error) {
	header, err := sheet.Next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errEmpty
	case err != nil:
		return nil, err
	}
	if merged, ok := sheet.MergedRow(); ok {
		return nil, fmt.Errorf("the header has merged cells (%s); want one row with a name for each column", merged)
	}
	s := &sheetRows{sheet: sheet, opts: opts, line: header.Number + 1}
	for i := range header.Cells {
		cell := &header.Cells[i]
		for len(s.names) < cell.Column {
			s.names = append(s.names, "")
		}
		s.names = append(s.names, cell.Shown())
	}
	for _, name := range s.names {
		s.forms = append(s.forms, opts.Form(name))
	}
	s.fields = make([]string, len(s.names))
	return s, nil
}

// Next leaves out the values beside the table, in columns without a name.
func (s *sheetRows) Next() (Row, error) {
	for {
		found, err := s.sheet.Next()
		if errors.Is(err, io.EOF) {
			err = s.opts.End()
			if err == nil {
				err = io.EOF
			}
		}
		if err != nil {
			return Row{}, err
		}
		s.line = found.Number + 1
		if found.Hidden && !s.opts.Hidden {
			s.hidden++
			continue
		}
		if row, ok := s.row(found); ok {
			return row, nil
		}
	}
}

// row is false if there are no values in the table's columns.
func (s *sheetRows) row(found *xlsx.Row) (Row, bool) {
	clear(s.fields)
	r := Row{Line: found.Number, Fields: s.fields}
	filled := false
	for i := range found.Cells {
		cell := &found.Cells[i]
		if cell.Column >= len(s.names) {
			break
		}
		filled = true
		value, problem := s.value(cell)
		s.fields[cell.Column] = value
		if problem != "" && s.forms[cell.Column] != Unread && r.Problem == "" {
			r.Problem = fmt.Sprintf("column %q: cell %s %s", s.names[cell.Column], xlsx.Ref(cell.Column, found.Number), problem)
		}
	}
	for column, form := range s.forms {
		if form == Unread || r.Problem != "" {
			continue
		}
		if merged, ok := s.sheet.Merged(column); ok {
			r.Problem = fmt.Sprintf("column %q: cell %s is part of the merged cells %s; unmerge them", s.names[column], xlsx.Ref(column, found.Number), merged)
		}
	}
	return r, filled
}

func (s *sheetRows) value(c *xlsx.Cell) (value, problem string) {
	switch c.Kind {
	case xlsx.Error:
		return c.Shown(), "holds the error " + c.Shown()
	case xlsx.Uncalculated:
		return "", "is a formula without a stored result; open the workbook in a spreadsheet program and save it"
	}
	switch s.forms[c.Column] {
	case Phone:
		if !c.Whole() {
			return c.Digits(), "holds a decimal number or a date; want the digits of a telephone number"
		}
		return c.Digits(), ""
	case Stored:
		return c.Digits(), ""
	case Moment:
		if t, ok := c.Time(time.Local); ok {
			return t.Format(time.RFC3339), ""
		}
		return c.Digits(), ""
	}
	return c.Shown(), ""
}

func (s *sheetRows) Columns() []string { return s.names }
func (s *sheetRows) Format() string    { return fmt.Sprintf("worksheet %q", s.sheet.Name) }
func (s *sheetRows) NextLine() int     { return s.line }
func (s *sheetRows) Hidden() int       { return s.hidden }
func (s *sheetRows) Lines() bool       { return false }

// Bulk returns nothing, as a worksheet has no lines.
func (s *sheetRows) Bulk() (lines string, first int, ok bool) { return "", 0, false }
