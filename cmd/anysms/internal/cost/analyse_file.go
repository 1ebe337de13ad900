package cost

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/report"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering"
)

// analyseFile analyses a file and prints the totals.
func (a *app) analyseFile(ctx context.Context, flags *fileFlags, limits *limitFlags, encoding *segment.Options, format cli.Format) error {
	opts, err := flags.options()
	if err != nil {
		return err
	}
	opts.Segment = encoding
	opts.Characters = true
	limit, err := limits.limits()
	if err != nil {
		return err
	}
	if err := limit.CheckPrices(opts.Prices); err != nil {
		return err
	}
	page, err := createFile(flags.report, flags.path)
	if err != nil {
		return err
	}
	defer page.drop()
	totals, readErr := a.readFile(ctx, flags, opts)
	if totals == nil {
		return readErr
	}
	if totals.Violations, err = limit.Check(totals); err != nil {
		return err
	}
	if err := a.printTotals(totals, opts, format); err != nil {
		return err
	}
	if err := writeReport(page, totals, opts); err != nil {
		return err
	}
	return flags.verdict(totals, readErr)
}

// readFile opens and reads the file, shows progress and writes the annotated copy.
func (a *app) readFile(ctx context.Context, flags *fileFlags, opts *analysis.Options) (*analysis.Totals, error) {
	from, err := a.OpenSource(flags.path, flags.charset)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	opts.Name = from.Name
	annotated, err := createFile(flags.annotate, flags.path)
	if err != nil {
		return nil, err
	}
	defer annotated.drop()
	if annotated != nil {
		opts.Annotate = annotated
	}
	p := cli.NewProgress(a.Err, "rows", func() float64 { return float64(from.Consumed()) / float64(max(1, from.Size)) })
	defer p.End()
	opts.Progress = p.Show
	totals, err := readOpen(ctx, from, flags.sheet, opts)
	switch {
	case err == nil:
		err = annotated.keep()
	case annotated != nil && totals != nil:
		err = fmt.Errorf("%w; %s was not written", err, flags.annotate)
	}
	return totals, err
}

// gcPercent is the garbage collector's GOGC while a file is read.
const gcPercent = 400

// readOpen reads an open file, or a worksheet of it.
func readOpen(ctx context.Context, from *source.File, sheetName string, opts *analysis.Options) (*analysis.Totals, error) {
	// Little is live whatever the file's size, and garbage is produced fast:
	// collecting it less often saves a tenth of the time for a few megabytes.
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	if !from.Spreadsheet {
		if sheetName != "" {
			return nil, fmt.Errorf("--sheet %q: %s is not a workbook", sheetName, from.Name)
		}
		return analysis.File(ctx, from, *opts)
	}
	sheet, err := from.Sheet(sheetName)
	if err != nil {
		return nil, err
	}
	defer sheet.Close()
	return analysis.Workbook(ctx, sheet, *opts)
}

// verdict returns the error, and with it the exit code, for a file that was read.
func (f *fileFlags) verdict(t *analysis.Totals, readErr error) error {
	var problems []error
	switch {
	case errors.Is(readErr, context.Canceled):
		problems = append(problems, fmt.Errorf("%w; the totals cover the rows before", readErr))
	case readErr != nil:
		return fmt.Errorf("%w; the totals cover the rows before", readErr)
	}
	if t.InvalidRows > 0 && !f.allowInvalid {
		problems = append(problems, fmt.Errorf("%s of %s rows are invalid (--allow-invalid permits this)", cli.Grouped(t.InvalidRows), cli.Grouped(t.Rows)))
	}
	return verdict(t.Violations, problems...)
}

// verdict returns the error for exceeded limits and other problems; nil if there
// are none.
func verdict(violations []analysis.Violation, problems ...error) error {
	for _, v := range violations {
		problems = append(problems, fmt.Errorf("limit exceeded: %s is %s, got %s", v.Rule, v.Limit, v.Got))
	}
	if len(problems) == 0 {
		return nil
	}
	return &cli.ExitError{Code: cli.ExitRefused, Cause: errors.Join(problems...)}
}

// checkNumber returns the function that validates the numbers of a file: it gives
// the number, its country, and why it is invalid.
func checkNumber(region string) func(raw string) (e164.Number, string, string) {
	return func(raw string) (e164.Number, string, string) {
		n, verdict, err := numbering.Parse(raw, region)
		if err != nil {
			return n, "", cli.Reason(err)
		}
		return n, verdict.Region, verdict.Reason()
	}
}

// writeReport writes the HTML page, if there is to be one.
func writeReport(page *newFile, t *analysis.Totals, opts *analysis.Options) error {
	if page == nil {
		return nil
	}
	if err := report.Write(page, t, opts); err != nil {
		return err
	}
	return page.keep()
}
