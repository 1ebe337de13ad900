package source

import (
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Sheet is a worksheet, read row by row.
type Sheet struct {
	Name string

	book *excelize.File
	rows *excelize.Rows
	line int
}

// unzipLimit bounds the uncompressed size of a workbook. Parts larger than
// memoryLimit are unpacked to disk.
const (
	unzipLimit  = 8 << 30
	memoryLimit = 16 << 20
)

// Sheet opens a worksheet by name, "" = the first. The workbook's strings are kept
// in memory or in a temporary file of package excelize.
func (f *File) Sheet(name string) (*Sheet, error) {
	book, err := excelize.OpenFile(f.path, excelize.Options{UnzipSizeLimit: unzipLimit, UnzipXMLSizeLimit: memoryLimit})
	if err != nil {
		return nil, fmt.Errorf("%s: a ZIP archive, but not an XLSX workbook: %w", f.Name, err)
	}
	names := book.GetSheetList()
	if name == "" && len(names) > 0 {
		name = names[0]
	}
	rows, err := book.Rows(name)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: no worksheet %q; want one of %s", f.Name, name, strings.Join(names, ", ")), book.Close())
	}
	return &Sheet{Name: name, book: book, rows: rows}, nil
}

// Next reads the next row. The line is the row's number in the sheet, from 1. ok
// is false at the end.
func (s *Sheet) Next() (line int, fields []string, ok bool, err error) {
	if !s.rows.Next() {
		return 0, nil, false, s.rows.Error()
	}
	s.line++
	fields, err = s.rows.Columns(excelize.Options{RawCellValue: true})
	return s.line, fields, err == nil, err
}

// Close closes the workbook and removes its temporary files.
func (s *Sheet) Close() error { return errors.Join(s.rows.Close(), s.book.Close()) }
