package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/router/numbering"
)

// fileFlags are the flags that go with --file.
type fileFlags struct {
	path, text, to, region string
	delimiter              oneOf
	allowInvalid           bool
}

func (f *fileFlags) addTo(cmd *cobra.Command) {
	f.delimiter.words = []string{"comma", "semicolon", "tab"}
	flags := cmd.Flags()
	flags.StringVarP(&f.path, "file", "f", "", "analyse the texts of a file; - is stdin")
	flags.StringVar(&f.text, "text-column", "text", "the column with the texts")
	flags.StringVar(&f.to, "to-column", "", "the column with the numbers; without it they are not judged")
	flags.StringVar(&f.region, "region", "", "country of numbers without a calling code, such as GR")
	flags.Var(&f.delimiter, "delimiter", "what separates the fields, if it shall not be told from the file")
	flags.BoolVar(&f.allowInvalid, "allow-invalid", false, "exit with 0 although rows are invalid")
}

// withoutFile refuses flags that mean nothing without --file.
func withoutFile(cmd *cobra.Command) error {
	for _, name := range []string{"text-column", "to-column", "region", "delimiter", "allow-invalid"} {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s needs --file", name)
		}
	}
	return nil
}

func (a *app) analyseFile(ctx context.Context, flags *fileFlags, encoding *segment.Options, format outputFormat) error {
	opts := analysis.Options{Name: flags.path, TextColumn: flags.text, ToColumn: flags.to, Segment: encoding, Judge: judge(flags.region)}
	if err := numbering.CheckRegion(flags.region); err != nil {
		return fmt.Errorf("--region: %w", err)
	}
	if flags.delimiter.value != "" {
		given, err := analysis.ParseFormat(flags.delimiter.value)
		if err != nil {
			return err
		}
		opts.Format = &given
	}
	from, err := a.open(flags.path)
	if err != nil {
		return err
	}
	defer from.Close()
	totals, err := analysis.File(ctx, from, opts)
	if totals == nil {
		return err
	}
	if printErr := a.printTotals(totals, flags.path, format); printErr != nil {
		return printErr
	}
	if err != nil {
		return fmt.Errorf("%w; the totals are of the rows before", err)
	}
	if totals.InvalidRows > 0 && !flags.allowInvalid {
		return &exitError{code: exitRefused, cause: fmt.Errorf("%d of %d rows are invalid (--allow-invalid accepts that)", totals.InvalidRows, totals.Rows)}
	}
	return nil
}

// open opens a file, or stdin for "-".
func (a *app) open(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(a.in), nil
	}
	return os.Open(path)
}

// judge makes the judgement on the numbers of a file.
func judge(region string) func(raw string) error {
	return func(raw string) error {
		_, verdict, err := numbering.Parse(raw, region)
		switch {
		case err != nil:
			return errors.New(reason(err))
		case !verdict.Textable():
			return errors.New(verdict.Reason())
		}
		return nil
	}
}

func (a *app) printTotals(t *analysis.Totals, name string, format outputFormat) error {
	if format.json() {
		return a.printJSON(t)
	}
	fmt.Fprintf(a.err, "%s read as %s\n", name, t.Format)
	err := a.table([][]string{
		{"", "messages", "segments"},
		{"gsm7", grouped(t.ByEncoding.GSM7.Messages), grouped(t.ByEncoding.GSM7.Segments)},
		{"ucs2", grouped(t.ByEncoding.UCS2.Messages), grouped(t.ByEncoding.UCS2.Segments)},
		{"total", grouped(t.Messages), grouped(t.Segments)},
	})
	if err != nil {
		return err
	}
	if t.Unsendable > 0 {
		fmt.Fprintf(a.out, "\n%s messages need more than %d segments and cannot be sent.\n", grouped(t.Unsendable), segment.MaxSegments)
	}
	return a.printInvalid(t)
}

// printInvalid lists the invalid rows, the first ones of many.
func (a *app) printInvalid(t *analysis.Totals) error {
	const most = 20
	if t.InvalidRows == 0 {
		return nil
	}
	fmt.Fprintf(a.out, "\n%s of %s rows are invalid:\n", grouped(t.InvalidRows), grouped(t.Rows))
	for _, row := range t.Invalid[:min(len(t.Invalid), most)] {
		fmt.Fprintf(a.out, "  line %d: %s\n", row.Line, row.Reason)
	}
	if t.InvalidRows > most {
		fmt.Fprintf(a.out, "  … and %s more (--format json lists the first %s)\n", grouped(t.InvalidRows-most), grouped(analysis.MaxInvalid))
	}
	return nil
}
