package xlsx

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is what a cell holds.
type Kind int

// The kinds of cells.
const (
	Empty Kind = iota
	Text
	Number
	Bool
	Error        // of a formula, such as #N/A
	Uncalculated // a formula whose result is not stored
)

// Cell is a cell with a value.
type Cell struct {
	Column int // from 0
	Kind   Kind
	value  string // of a number as it is stored; otherwise what is shown
	format format
	book   *Workbook
}

// Row is a row of a worksheet.
type Row struct {
	Number int  // from 1
	Hidden bool // the sheet does not show it
	Cells  []Cell
}

// Sheet is a worksheet, read row by row. It is not safe for concurrent use.
type Sheet struct {
	Name string
	Size int64 // in bytes, as stored

	book   *Workbook
	part   io.ReadCloser
	xml    *xml.Decoder
	number int // of the last row
	row    Row

	merged []Range // that begin in later rows, by their first row
	active []Range // that the row is part of
}

// Range is a rectangle of cells.
type Range struct{ FirstRow, LastRow, FirstColumn, LastColumn int } // rows from 1, columns from 0

// String is as in a sheet: "A1:C1".
func (r Range) String() string {
	return Ref(r.FirstColumn, r.FirstRow) + ":" + Ref(r.LastColumn, r.LastRow)
}

// Ref names a cell as in a sheet: "B7".
func Ref(column, row int) string {
	name := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name + strconv.Itoa(row)
}

// Sheet opens a worksheet. "" is the only one with data that is not hidden.
func (b *Workbook) Sheet(name string) (*Sheet, error) {
	info, err := b.choose(name)
	if err != nil {
		return nil, err
	}
	merged, err := b.merged(info)
	if err != nil {
		return nil, err
	}
	s, err := b.read(info)
	if err != nil {
		return nil, err
	}
	s.merged = merged
	return s, nil
}

func (b *Workbook) read(info sheetInfo) (*Sheet, error) {
	part, err := b.open(info.part)
	if err != nil {
		return nil, err
	}
	return &Sheet{Name: info.name, Size: info.size, book: b, part: part, xml: xml.NewDecoder(part)}, nil
}

// Close closes the worksheet.
func (s *Sheet) Close() error { return s.part.Close() }

// Next returns the next row with values, valid until the one after. The error is
// io.EOF at the end.
func (s *Sheet) Next() (*Row, error) {
	row, err := s.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("worksheet %q: %w", s.Name, err)
	}
	return row, err
}

func (s *Sheet) next() (*Row, error) {
	for {
		token, err := s.xml.Token()
		if err != nil {
			return nil, err
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "row" {
			continue
		}
		if err := s.readRow(start); err != nil {
			return nil, err
		}
		if len(s.row.Cells) > 0 {
			s.merge()
			return &s.row, nil
		}
	}
}

func (s *Sheet) readRow(start xml.StartElement) error {
	s.number++
	s.row = Row{Cells: s.row.Cells[:0]}
	for _, attr := range start.Attr {
		switch attr.Name.Local {
		case "r":
			n, err := strconv.Atoi(attr.Value)
			if err != nil || n < s.number {
				return fmt.Errorf("row %q after row %d", attr.Value, s.number-1)
			}
			s.number = n
		case "hidden":
			s.row.Hidden = attr.Value == "1" || attr.Value == "true"
		}
	}
	s.row.Number = s.number
	for column := 0; ; column++ {
		token, err := s.xml.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return nil // of the row: cells are read with theirs
		case xml.StartElement:
			if t.Name.Local != "c" {
				if err := s.xml.Skip(); err != nil {
					return err
				}
				column--
				continue
			}
			if column, err = s.readCell(t, column); err != nil {
				return err
			}
		default:
			column--
		}
	}
}

type cellXML struct {
	Formula *struct{} `xml:"f"`
	Value   *string   `xml:"v"`
	Inline  *richXML  `xml:"is"`
}

// readCell reads a cell, which is in the given column unless it says otherwise, and
// returns its column.
func (s *Sheet) readCell(start xml.StartElement, column int) (int, error) {
	kind, style := "", 0
	for _, attr := range start.Attr {
		var err error
		switch attr.Name.Local {
		case "r":
			column, err = columnOf(attr.Value)
		case "s":
			style, err = strconv.Atoi(attr.Value)
		case "t":
			kind = attr.Value
		}
		if err != nil {
			return column, fmt.Errorf("row %d: cell attribute %s=%q", s.number, attr.Name.Local, attr.Value)
		}
	}
	var read cellXML
	if err := s.xml.DecodeElement(&read, &start); err != nil {
		return column, err
	}
	c := Cell{Column: column, format: s.book.styles.of(style), book: s.book}
	if err := c.set(kind, &read); err != nil {
		return column, fmt.Errorf("cell %s: %w", Ref(column, s.number), err)
	}
	if c.Kind != Empty {
		s.row.Cells = append(s.row.Cells, c)
	}
	return column, nil
}

func (c *Cell) set(kind string, read *cellXML) error {
	switch {
	case read.Inline != nil:
		c.Kind, c.value = Text, read.Inline.String()
	case read.Value == nil && read.Formula != nil:
		c.Kind = Uncalculated
	case read.Value == nil:
		return nil
	default:
		return c.setValue(kind, *read.Value)
	}
	return nil
}

func (c *Cell) setValue(kind, value string) error {
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || i < 0 || i >= len(c.book.strings) {
			return fmt.Errorf("it refers to text %q of %d", value, len(c.book.strings))
		}
		c.Kind, c.value = Text, c.book.strings[i]
	case "str", "inlineStr":
		c.Kind, c.value = Text, unescape(value)
	case "b":
		c.Kind, c.value = Bool, "FALSE"
		if value == "1" || value == "true" {
			c.value = "TRUE"
		}
	case "e":
		c.Kind, c.value = Error, value
	case "d": // ISO 8601, which no program writes by itself
		c.Kind, c.value = Text, value
	default:
		c.Kind, c.value = Number, strings.TrimSpace(value)
	}
	if c.value == "" {
		c.Kind = Empty
	}
	return nil
}

// columnOf is the column of a reference such as "B7", from 0.
func columnOf(ref string) (int, error) {
	letters := strings.TrimRight(ref, "0123456789")
	if letters == "" || len(letters) > 3 {
		return 0, fmt.Errorf("no cell %q", ref)
	}
	n := 0
	for _, r := range letters {
		if r < 'A' || r > 'Z' {
			return 0, fmt.Errorf("no cell %q", ref)
		}
		n = 26*n + int(r-'A') + 1
	}
	return n - 1, nil
}

// Shown is the value as the sheet shows it, in a column that is wide enough. Dates in
// the computer's own format are written as 2026-01-31.
func (c *Cell) Shown() string {
	if c.Kind == Number {
		return c.book.shown.number(c.value, c.format)
	}
	return c.value
}

// Digits is the value as it is stored; of a number all digits, without exponent.
func (c *Cell) Digits() string {
	if c.Kind == Number {
		return digits(c.value)
	}
	return c.value
}

// Whole reports whether the cell is not a number, or one without decimals that is not
// shown as a date or a time.
func (c *Cell) Whole() bool {
	return c.Kind != Number || !c.format.date() && strings.Trim(c.Digits(), "0123456789") == ""
}

// Time is the time of a cell that is shown as a date or a time, by the clock of a
// place. It is false for other cells.
func (c *Cell) Time(in *time.Location) (time.Time, bool) {
	if c.Kind != Number || !c.format.date() {
		return time.Time{}, false
	}
	return c.book.shown.time(c.value, in)
}

// Merged returns the merged cells that a cell of the row belongs to without being
// their first, if there are such.
func (s *Sheet) Merged(column int) (Range, bool) {
	for _, r := range s.active {
		if column >= r.FirstColumn && column <= r.LastColumn && (s.row.Number != r.FirstRow || column != r.FirstColumn) {
			return r, true
		}
	}
	return Range{}, false
}

// MergedRow returns the first merged cells of the row, if there are any.
func (s *Sheet) MergedRow() (Range, bool) {
	if len(s.active) == 0 {
		return Range{}, false
	}
	return s.active[0], true
}

// merge finds the merged cells that the row is part of.
func (s *Sheet) merge() {
	for len(s.merged) > 0 && s.merged[0].FirstRow <= s.row.Number {
		s.active, s.merged = append(s.active, s.merged[0]), s.merged[1:]
	}
	s.active = slices.DeleteFunc(s.active, func(r Range) bool { return r.LastRow < s.row.Number })
}
