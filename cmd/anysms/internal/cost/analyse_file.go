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

// analyseFile adds up a file and says what it comes to.
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
	if err := limit.Fit(opts.Prices); err != nil {
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
	broken, err := limit.Check(totals)
	if err != nil {
		return err
	}
	totals.Violations = broken
	if err := a.printTotals(totals, opts, format); err != nil {
		return err
	}
	if err := writeReport(page, totals, opts); err != nil {
		return err
	}
	return flags.verdict(totals, readErr)
}

// readFile opens and reads the file, with progress and annotation.
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
		err = fmt.Errorf("%w; %s is not written", err, flags.annotate)
	}
	return totals, err
}

// gcPercent is how far garbage may outgrow what is live while a file is read.
const gcPercent = 400

// readOpen reads an open file, or a worksheet of it.
func readOpen(ctx context.Context, from *source.File, sheetName string, opts *analysis.Options) (*analysis.Totals, error) {
	// What is live is small whatever the file's size, and garbage comes fast: to
	// collect it less often is a tenth of the time for some megabytes.
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	if !from.Spreadsheet {
		if sheetName != "" {
			return nil, fmt.Errorf("--sheet %q: %s is no workbook", sheetName, from.Name)
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

// verdict is what the exit code says of a file that was read.
func (f *fileFlags) verdict(t *analysis.Totals, readErr error) error {
	var broken []error
	switch {
	case errors.Is(readErr, context.Canceled):
		broken = append(broken, fmt.Errorf("%w; the totals are of the rows before", readErr))
	case readErr != nil:
		return fmt.Errorf("%w; the totals are of the rows before", readErr)
	}
	if t.InvalidRows > 0 && !f.allowInvalid {
		broken = append(broken, fmt.Errorf("%s of %s rows are invalid (--allow-invalid accepts that)", cli.Grouped(t.InvalidRows), cli.Grouped(t.Rows)))
	}
	return verdict(t.Violations, broken...)
}

// verdict is the exit code of broken limits and of what else went wrong.
func verdict(violations []analysis.Violation, broken ...error) error {
	for _, v := range violations {
		broken = append(broken, fmt.Errorf("limit broken: %s is %s, but there are %s", v.Rule, v.Limit, v.Got))
	}
	if len(broken) == 0 {
		return nil
	}
	return &cli.ExitError{Code: cli.ExitRefused, Cause: errors.Join(broken...)}
}

// judge makes the judgement on the numbers of a file.
func judge(region string) func(raw string) (e164.Number, string, string) {
	return func(raw string) (e164.Number, string, string) {
		n, verdict, err := numbering.Parse(raw, region)
		if err != nil {
			return n, "", cli.Reason(err)
		}
		return n, verdict.Region, verdict.Reason()
	}
}

// writeReport writes the page, if one was asked for.
func writeReport(page *newFile, t *analysis.Totals, opts *analysis.Options) error {
	if page == nil {
		return nil
	}
	if err := report.Write(page, t, opts); err != nil {
		return err
	}
	return page.keep()
}
