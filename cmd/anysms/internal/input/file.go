package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/cmd/anysms/internal/xlsx"
)

// File is an open file of messages.
type File struct {
	*source.File
	Rows     table.Reader
	Text     string          // column of the texts; "" = Template makes them
	Template *table.Template // nil = they are in a column
	To       string          // column of the numbers; "" = none
}

// SendAt is the column of times to send.
const SendAt = "send_at"

// Needs says which columns a command reads.
type Needs struct {
	To   bool     // a column of numbers must be there
	More []string // read if they are there, beside the texts and the numbers
}

// Open opens the file. What was detected is printed to a.Err.
func (f *Flags) Open(ctx context.Context, a *cli.App, needs Needs) (*File, error) {
	from, err := source.Open(ctx, f.Path, a.In, f.charset)
	if err != nil {
		return nil, err
	}
	file := &File{File: from, Template: f.merged, To: f.To}
	if f.merged == nil {
		file.Text = f.Text
	}
	if from.Compression != "" || !from.Spreadsheet && from.Charset != "utf-8" {
		fmt.Fprintf(a.Err, "%s is %s\n", from.Name, from)
	}
	if err := file.open(f, needs); err != nil {
		from.Close()
		return nil, fmt.Errorf("%s: %w", from.Name, err)
	}
	return file, nil
}

func (file *File) open(f *Flags, needs Needs) (err error) {
	if file.Rows, err = file.table(f, needs.More); err != nil {
		return err
	}
	if !f.toGiven && !needs.To && !table.Has(file.Rows, f.To) {
		file.To = "" // nobody asked for it
	}
	return nil
}

func (file *File) table(f *Flags, more []string) (table.Reader, error) {
	if file.Spreadsheet {
		return file.worksheet(f, more)
	}
	if f.sheet != "" {
		return nil, fmt.Errorf("--sheet %q: it is not a workbook", f.sheet)
	}
	var given *table.Format
	if f.delimiter.Value != "" {
		format, err := table.ParseFormat(f.delimiter.Value)
		if err != nil {
			return nil, err
		}
		given = &format
	}
	return table.Text(file, file.Name, given, file.columns(more))
}

func (file *File) worksheet(f *Flags, more []string) (table.Reader, error) {
	return Worksheet(file.File, f.sheet, table.SheetOptions{
		Form:   func(column string) table.Form { return file.form(column, more) },
		Hidden: f.hidden,
	})
}

// Worksheet opens a sheet of a workbook; "" = the one that is read by default. The options
// need no End.
func Worksheet(from *source.File, name string, o table.SheetOptions) (table.Reader, error) {
	book, err := xlsx.Open(from.Stored(), from.Size)
	if err != nil {
		return nil, err
	}
	sheet, err := book.Sheet(name)
	if err != nil {
		return nil, err
	}
	from.CloseWith(sheet)
	from.Rest(sheet.Size)
	o.End = from.Unchanged
	return table.Workbook(sheet, o)
}

// form is how the values of a worksheet's column are read. A number in a text is
// written as shown, but digits come first.
func (file *File) form(column string, more []string) table.Form {
	is := func(name string) bool { return table.Like(column, name) || column == name }
	switch {
	case column == "":
		return table.Unread
	case is(file.To):
		return table.Phone
	case is(SendAt) && slices.Contains(more, SendAt):
		return table.Moment
	case is(file.Text), file.Template != nil && slices.ContainsFunc(file.Template.Variables(), is):
		return table.Shown
	case slices.ContainsFunc(more, is):
		return table.Stored
	}
	return table.Unread
}

// columns lists the columns of texts and numbers, and others, each once.
func (file *File) columns(more []string) []string {
	names := []string{file.Text}
	if file.Template != nil {
		names = slices.Clone(file.Template.Variables())
	}
	var unique []string
	for _, name := range append(append(names, file.To), more...) {
		if name != "" && !slices.Contains(unique, name) {
			unique = append(unique, name)
		}
	}
	return unique
}

// Hint adds to the error for a missing column how to name another one.
func Hint(err error) error {
	if table.Misses(err) {
		return fmt.Errorf("%w; --text-column and --to-column name others", err)
	}
	return err
}

// Count returns how many rows the file has, if it can be read twice; 0 = not known.
func (f *Flags) Count(ctx context.Context, needs Needs) int {
	if info, err := os.Stat(f.Path); err != nil || !info.Mode().IsRegular() {
		return 0
	}
	file, err := f.Open(ctx, &cli.App{Err: io.Discard}, needs)
	if err != nil {
		return 0
	}
	defer file.Close()
	for rows := 0; ; rows++ {
		if _, err := file.Rows.Next(); err != nil {
			if errors.Is(err, io.EOF) {
				return rows
			}
			return 0
		}
	}
}
