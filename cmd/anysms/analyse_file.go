package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/report"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering"
)

// analyseFile adds up a file and says what it comes to.
func (a *app) analyseFile(ctx context.Context, flags *fileFlags, limits *limitFlags, encoding *segment.Options, format outputFormat) error {
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
	if err := flags.writeReport(totals, opts); err != nil {
		return err
	}
	return flags.verdict(totals, readErr)
}

// readFile opens and reads the file, with progress and annotation.
func (a *app) readFile(ctx context.Context, flags *fileFlags, opts *analysis.Options) (_ *analysis.Totals, err error) {
	from, err := source.Open(flags.path, a.in, flags.charset)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	opts.Name = from.Name
	if from.Guessed || from.Compression != "" {
		fmt.Fprintf(a.err, "%s is %s\n", from.Name, from)
	}
	if flags.annotate != "" {
		out, err := os.Create(flags.annotate)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, out.Close()) }()
		opts.Annotate = out
	}
	p := newProgress(a.err, "rows", func() float64 { return float64(from.Consumed()) / float64(max(1, from.Size)) })
	defer p.end()
	opts.Progress = p.show
	if !from.Spreadsheet {
		return analysis.File(ctx, from, *opts)
	}
	sheet, err := from.Sheet(flags.sheet)
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
		broken = append(broken, fmt.Errorf("%s of %s rows are invalid (--allow-invalid accepts that)", grouped(t.InvalidRows), grouped(t.Rows)))
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
	return &exitError{code: exitRefused, cause: errors.Join(broken...)}
}

// judge makes the judgement on the numbers of a file.
func judge(region string) func(raw string) (e164.Number, string, string) {
	return func(raw string) (e164.Number, string, string) {
		n, verdict, err := numbering.Parse(raw, region)
		if err != nil {
			return n, "", reason(err)
		}
		return n, verdict.Region, verdict.Reason()
	}
}

// writeReport writes the page, if one was asked for.
func (f *fileFlags) writeReport(t *analysis.Totals, opts *analysis.Options) (err error) {
	if f.report == "" {
		return nil
	}
	out, err := os.Create(f.report)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return report.Write(out, t, opts)
}
