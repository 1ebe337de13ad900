package input

import (
	"context"
	"fmt"
	"slices"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
)

// File is an open file of messages.
type File struct {
	*source.File
	Rows     table.Reader
	Text     string          // column of the texts; "" = Template makes them
	Template *table.Template // nil = they are in a column
	To       string          // column of the numbers; "" = none
}

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
		return file.worksheet(f)
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

func (file *File) worksheet(f *Flags) (table.Reader, error) {
	sheet, err := file.Sheet(f.sheet)
	if err != nil {
		return nil, err
	}
	file.CloseWith(sheet)
	return table.Workbook(sheet)
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
