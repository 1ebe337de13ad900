package xlsx

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// formatter writes numbers as a sheet shows them. It uses the cells of a workbook of
// package excelize, one for each format.
type formatter struct {
	date1904 bool
	book     *excelize.File
	sheet    string
	cells    map[format]string // "" = the format is not known
}

func newFormatter(date1904 bool) *formatter {
	return &formatter{date1904: date1904, cells: make(map[format]string)}
}

// number returns a number in a format. What cannot be formatted is returned as by
// digits.
func (f *formatter) number(stored string, as format) string {
	value, err := strconv.ParseFloat(stored, 64)
	if err != nil || as.general() || math.IsInf(value, 0) || math.IsNaN(value) {
		return digits(stored)
	}
	as, hides := as.forZero(value)
	if hides {
		return ""
	}
	cell := f.cell(as)
	if cell == "" || f.book.SetCellFloat(f.sheet, cell, value, -1, 64) != nil {
		return digits(stored)
	}
	shown, err := f.book.GetCellValue(f.sheet, cell)
	if err != nil {
		return digits(stored)
	}
	return strings.TrimSpace(shown) // formats pad to align columns
}

// cell returns the cell that has a format.
func (f *formatter) cell(as format) string {
	cell, known := f.cells[as]
	if known {
		return cell
	}
	if f.book == nil {
		f.book = excelize.NewFile()
		f.sheet = f.book.GetSheetName(0)
		_ = f.book.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &f.date1904}) // a new workbook has properties
	}
	style := &excelize.Style{NumFmt: as.id}
	if code := as.definition(); code != "" {
		style = &excelize.Style{CustomNumFmt: &code}
	}
	name := "A" + strconv.Itoa(len(f.cells)+1)
	if id, err := f.book.NewStyle(style); err == nil && f.book.SetCellStyle(f.sheet, name, name, id) == nil {
		cell = name
	}
	f.cells[as] = cell
	return cell
}

// digits writes a number without an exponent, as far as 15 digits, which is what
// sheets keep.
func digits(stored string) string {
	if strings.Trim(stored, "0123456789") == "" {
		return stored // a program may keep more
	}
	value, err := strconv.ParseFloat(stored, 64)
	if err != nil {
		return stored
	}
	const precise, large, small = 15, 1e21, 1e-9
	if magnitude := math.Abs(value); value != 0 && (magnitude >= large || magnitude < small) {
		return stored
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', precise, 64), 64)
	if err != nil {
		return stored
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// time returns the time that a number stands for, by the clock of a place.
func (f *formatter) time(stored string, in *time.Location) (time.Time, bool) {
	serial, err := strconv.ParseFloat(stored, 64)
	if err != nil {
		return time.Time{}, false
	}
	t, err := excelize.ExcelDateToTime(serial, f.date1904)
	if err != nil {
		return time.Time{}, false
	}
	t = t.Round(time.Second)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, in), true
}
