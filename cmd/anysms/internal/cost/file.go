package cost

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/cmd/anysms/internal/report"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering"
)

// job is the analysis of a file, for analyse and for cost.
type job struct {
	flags  *fileFlags
	limits *limitFlags
	opts   *analysis.Options
	format cli.Format
	read   []role // files that are read beside those of the flags
	// compare adds what only cost finds; nil = nothing.
	compare func(*findings) error
}

// findings is the output of a job.
type findings struct {
	*analysis.Totals
	*analysis.Comparison                   // of cost
	Asked                []analysis.Quoted `json:"asked,omitzero"` // with cost --ask
}

// analyseFile reads the file and prints and writes what was found.
func (a *app) analyseFile(ctx context.Context, j *job) error {
	limit, err := j.limits.limits()
	if err != nil {
		return err
	}
	if err := limit.CheckPrices(j.opts.Prices); err != nil {
		return err
	}
	out, err := j.flags.outputs(append(j.read, role{j.limits.baseline, "the baseline"}))
	if err != nil {
		return err
	}
	defer out.drop()
	totals, readErr := a.readFile(ctx, j, out.annotate)
	if totals == nil {
		return readErr
	}
	if totals.Violations, err = limit.Check(totals); err != nil {
		return err
	}
	found := &findings{Totals: totals}
	if j.compare != nil {
		if err := j.compare(found); err != nil {
			return err
		}
	}
	if err := a.printFindings(found, j.opts, j.format); err != nil {
		return err
	}
	if out.report != nil {
		if err := report.Write(out.report, &report.Data{Totals: totals, Comparison: found.Comparison, Quotes: found.Asked, Options: j.opts}); err != nil {
			return err
		}
		if err := out.report.keep(); err != nil {
			return err
		}
	}
	return j.flags.verdict(totals, readErr)
}

// gcPercent is the garbage collector's GOGC while a file is read.
const gcPercent = 400

// readFile opens and reads the file, shows progress and writes the annotated copy.
func (a *app) readFile(ctx context.Context, j *job, annotated *newFile) (*analysis.Totals, error) {
	// Little is live whatever the file's size, and garbage is produced fast:
	// collecting it less often saves a tenth of the time for a few megabytes.
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	needs := input.Needs{To: len(j.opts.Prices) > 0}
	if j.opts.NetworkColumn != "" {
		needs.More = []string{j.opts.NetworkColumn}
	}
	from, err := j.flags.Open(ctx, a.App, needs)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	j.opts.Name, j.opts.TextColumn, j.opts.Template, j.opts.ToColumn = from.Name, from.Text, from.Template, from.To
	if annotated != nil {
		j.opts.Annotate = annotated
		j.opts.Mark = j.flags.bom
	}
	p := cli.NewProgress(a.Err, "rows", from.Share)
	defer p.End()
	j.opts.Progress = p.Show
	totals, err := analysis.Rows(from.Rows, j.opts)
	err = input.Hint(err)
	switch {
	case err == nil:
		err = annotated.keep()
	case annotated != nil && totals != nil:
		err = fmt.Errorf("%w; %s was not written", err, j.flags.annotate)
	}
	return totals, err
}

// verdict returns the error, and with it the exit code, for a file that was read.
func (f *fileFlags) verdict(t *analysis.Totals, readErr error) error {
	var problems []error
	if readErr != nil {
		readErr = fmt.Errorf("%w; the totals cover the rows before", readErr)
		if !errors.Is(readErr, context.Canceled) {
			return readErr
		}
		problems = append(problems, readErr)
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
			return n, "", input.NumberReason(err)
		}
		return n, verdict.Region, verdict.Reason()
	}
}
