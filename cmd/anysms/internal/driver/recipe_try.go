package driver

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
)

type fixtureResult struct {
	Fixture string   `json:"fixture"`
	OK      bool     `json:"ok"`
	Faults  []string `json:"faults"`
}

type recipeReport struct {
	Recipe       string          `json:"recipe"`
	OK           bool            `json:"ok"`
	Fixtures     []fixtureResult `json:"fixtures"`
	Codes        int             `json:"codes"`        // rows, words and phrases that were tried
	Wrong        []wrongCode     `json:"wrong"`        // those that do not mean what their row says
	Gaps         []string        `json:"gaps"`         // documented codes without a row, rows without words
	Undocumented []string        `json:"undocumented"` // tables that do not state the vendor's own list
	Conformance  *suiteReport    `json:"conformance,omitempty"`
}

type wrongCode struct {
	Table string `json:"table"`
	Code  string `json:"code"`
	Says  string `json:"says"`
	Fault string `json:"fault"`
}

type suiteReport struct {
	Verdict  conformance.Verdict `json:"verdict"`
	Passed   int                 `json:"passed"`
	Failed   int                 `json:"failed"`
	Unproven int                 `json:"unproven"`
	Faults   string              `json:"faults,omitempty"`
}

func (a *app) recipeTestCommand() *cobra.Command {
	var format cli.Format
	var quick bool
	cmd := &cobra.Command{
		Use:               "test NAME|FILE",
		ValidArgsFunction: completeRecipe,
		Short:             "Replay a recipe's fixtures, try its tables, and run the conformance suite",
		Long: `Replay a recipe's fixtures against a server on this machine, and check that each
request and each result is the one in the fixture. Then try every code, status and
phrase of its tables in the vendor's responses, and compare the tables with the
vendor's own list (documented): a code without a row is a fault. Then run the
conformance suite, with the fixtures as the vendor's replies. Nothing leaves the
machine.`,
		Example: "  anysms recipe test acme.yaml\n  anysms recipe test acme.yaml --fixtures-only",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := rest.Load(args[0])
			if err != nil {
				return err
			}
			report, err := testRecipe(cmd.Context(), r, quick)
			if err := errors.Join(interrupted(cmd.Context()), err); err != nil {
				return err
			}
			if format.JSON() {
				err = a.PrintJSON(report)
			} else {
				a.printRecipeReport(report)
			}
			if err == nil && !report.OK {
				return &cli.ExitError{Code: cli.ExitRefused}
			}
			return err
		},
	}
	format.AddTo(cmd)
	cmd.Flags().BoolVar(&quick, "fixtures-only", false, "skip the conformance suite")
	return cmd
}

func testRecipe(ctx context.Context, r *rest.Recipe, quick bool) (recipeReport, error) {
	report := recipeReport{Recipe: r.Name, OK: true}
	for _, result := range resttest.Replay(ctx, r) {
		ok := len(result.Faults) == 0
		report.OK = report.OK && ok
		report.Fixtures = append(report.Fixtures, fixtureResult{result.Fixture, ok, append([]string{}, result.Faults...)})
	}
	if err := report.tryTables(ctx, r); err != nil || quick {
		return report, err
	}
	harness, err := RecipeHarness(r)
	if err != nil {
		return report, err
	}
	suite := conformance.Check(ctx, harness)
	report.Conformance = &suiteReport{
		Verdict: suite.Verdict(),
		Passed:  suite.Count(conformance.Passed), Failed: suite.Count(conformance.Failed), Unproven: suite.Count(conformance.Unproven),
	}
	if err := suite.Err(); err != nil {
		report.OK = false
		report.Conformance.Faults = err.Error()
	}
	return report, nil
}

// tryTables sends the tables through the recipe and compares them with the
// vendor's own lists.
func (report *recipeReport) tryTables(ctx context.Context, r *rest.Recipe) error {
	decisions, err := resttest.Walk(ctx, r)
	if err != nil {
		return err
	}
	report.Codes, report.Undocumented = len(decisions), append([]string{}, r.Undocumented()...)
	report.Wrong, report.Gaps = []wrongCode{}, []string{}
	for _, d := range decisions {
		if d.Fault != "" {
			report.Wrong = append(report.Wrong, wrongCode{d.Table, d.Code, d.Says, d.Fault})
		}
	}
	for _, g := range r.Gaps() {
		report.Gaps = append(report.Gaps, g.String())
	}
	report.OK = report.OK && len(report.Wrong) == 0 && len(report.Gaps) == 0
	return nil
}

func (a *app) printRecipeReport(report recipeReport) {
	failed := 0
	for _, f := range report.Fixtures {
		if f.OK {
			continue
		}
		failed++
		fmt.Fprintf(a.Out, "FAIL %s\n", f.Fixture)
		for _, fault := range f.Faults {
			fmt.Fprintln(a.Out, "     "+fault)
		}
	}
	fmt.Fprintf(a.Out, "%s: %d of %d fixtures passed\n", report.Recipe, len(report.Fixtures)-failed, len(report.Fixtures))
	for _, w := range report.Wrong {
		fmt.Fprintf(a.Out, "FAIL %s: %s %q: %s\n", w.Table, w.Code, w.Says, w.Fault)
	}
	for _, g := range report.Gaps {
		fmt.Fprintln(a.Out, "FAIL "+g)
	}
	fmt.Fprintf(a.Out, "%s: %s tried, %d wrong, %s\n", report.Recipe, cli.Plural(report.Codes, "code"), len(report.Wrong), cli.Plural(len(report.Gaps), "gap"))
	if len(report.Undocumented) > 0 {
		fmt.Fprintf(a.Out, "%s: not compared, as documented is missing: %s\n", report.Recipe, strings.Join(report.Undocumented, ", "))
	}
	if c := report.Conformance; c != nil {
		if c.Faults != "" {
			fmt.Fprintln(a.Out, c.Faults)
		}
		fmt.Fprintf(a.Out, "%s: %s: %d cases passed, %d failed, %d unproven\n", report.Recipe, c.Verdict, c.Passed, c.Failed, c.Unproven)
	}
}
