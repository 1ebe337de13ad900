package send

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
)

// dryRun prints the plan of one message.
func (a *app) dryRun(r *router.Router, m *provider.Message, badNumber error, format cli.Format) error {
	if badNumber != nil {
		return a.explainPlan(refusedPlan(provider.InvalidRecipient, badNumber), format)
	}
	return a.explainPlan(r.Plan(m), format)
}

// rowPlan is the plan of a row.
type rowPlan struct {
	Line int `json:"line"`
	*router.Plan
}

// dryRun prints the plan of each row.
func (b *bulk) dryRun(ctx context.Context, conf *config.Config, flags *sendFlags) error {
	r, err := openRouter(conf, flags.only)
	if err != nil {
		return err
	}
	refused := 0
	for ctx.Err() == nil {
		row, err := b.rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", b.rows.NextLine(), err)
		}
		plan := b.plan(r, row)
		if plan.Code != "" {
			refused++
		}
		if err := b.printRowPlan(row.Line, plan); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return &cli.ExitError{Code: cli.ExitRefused, Cause: fmt.Errorf("stopped after line %d", b.rows.NextLine()-1)}
	}
	if refused > 0 && !flags.allowInvalid {
		return &cli.ExitError{Code: cli.ExitRefused, Cause: fmt.Errorf("%s would be refused or not sent (--allow-invalid permits this)", cli.Plural(refused, "row"))}
	}
	return nil
}

func (b *bulk) plan(r *router.Router, row table.Row) *router.Plan {
	m, bad := b.message(row)
	if bad != nil {
		return refusedPlan(bad.Code, bad)
	}
	return r.Plan(m)
}

func (b *bulk) printRowPlan(line int, plan *router.Plan) error {
	if b.format.JSON() {
		return b.PrintJSON(rowPlan{line, plan})
	}
	fmt.Fprintf(b.Out, "line %d: ", line)
	return b.printPlan(plan, b.format)
}
