package send

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
)

// dryRun prints the plan of one message.
func (a *app) dryRun(r *router.Router, m *provider.Message, badNumber error, format cli.Format) error {
	if badNumber != nil {
		return a.explainPlan(refusedPlan(provider.InvalidRecipient, errors.New(input.NumberReason(badNumber))), format)
	}
	return a.explainPlan(r.Plan(m), format)
}

// rowPlan is the plan of a row.
type rowPlan struct {
	Line int `json:"line"`
	*router.Plan
}

// dryRunMany prints the plan of each row, and the totals.
func (a *app) dryRunMany(ctx context.Context, conf *config.Config, flags *sendFlags, rows *reader) error {
	r, err := openRouter(conf, flags.only)
	if err != nil {
		return err
	}
	totals := newTotals()
	readErr := error(nil)
	for ctx.Err() == nil {
		row, err := rows.rows.Next()
		if errors.Is(err, io.EOF) {
			totals.Complete = true
			break
		}
		if err != nil {
			readErr = fmt.Errorf("%s: after line %d: %w", rows.from.Name, rows.rows.NextLine()-1, err)
			break
		}
		plan := rows.plan(r, row)
		if err := totals.add(plan); err != nil {
			return err
		}
		if err := a.printRowPlan(row.Line, plan, flags.format); err != nil {
			return err
		}
	}
	totals.Repeated = rows.repeats.count
	if err := a.printTotals(totals, flags.format); err != nil {
		return err
	}
	a.warn(rows.notes())
	return totals.verdict(ctx, readErr, rows, flags.allowInvalid)
}

// verdict returns the error, and with it the exit code, of a dry run.
func (t *totals) verdict(ctx context.Context, readErr error, rows *reader, allowInvalid bool) error {
	switch {
	case readErr != nil && ctx.Err() == nil:
		return fmt.Errorf("%w; the totals cover the rows before", readErr)
	case !t.Complete:
		return &cli.ExitError{Code: cli.ExitRefused, Cause: fmt.Errorf("interrupted after line %d; the totals cover the rows before", rows.rows.NextLine()-1)}
	case t.Refused > 0 && !allowInvalid:
		return &cli.ExitError{Code: cli.ExitRefused, Cause: fmt.Errorf("%s would be refused or not sent (--allow-invalid permits this)", cli.Plural(t.Refused, "message"))}
	}
	return nil
}

func (r *reader) plan(with *router.Router, row table.Row) *router.Plan {
	m, bad := r.message(row)
	if bad != nil {
		return refusedPlan(bad.Code, bad)
	}
	return with.Plan(m)
}

func (a *app) printRowPlan(line int, plan *router.Plan, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(rowPlan{line, plan})
	}
	fmt.Fprintf(a.Out, "line %d: ", line)
	return a.printPlan(plan, format)
}
