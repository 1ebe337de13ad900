package driver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/conformance"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
)

const recipeHelp = `A recipe describes a vendor's HTTP API in one YAML file, for the driver rest:

  providers:
    sydney: {driver: rest, recipe: transmitsms, username: "…", password: "…"}
    acme:   {driver: rest, recipe: ./acme.yaml, api_key: "…"}

To write one, start from a commented file. Its fixtures are examples of requests,
replies and the expected results:

  anysms recipe new acme > acme.yaml
  anysms recipe validate acme.yaml
  anysms recipe test acme.yaml`

func (a *app) recipeCommand() *cobra.Command {
	return cli.Parent("recipe", cli.GroupSetUp, "List, show, check and write recipes, which describe vendors in YAML", recipeHelp,
		a.recipeListCommand(), a.recipeShowCommand(), a.recipeDiffCommand(), a.recipeValidateCommand(), a.recipeTestCommand(), a.recipeNewCommand(), a.recipeSchemaCommand())
}

type recipeInfo struct {
	Name         string          `json:"name"`
	Title        string          `json:"title"`
	Experimental bool            `json:"experimental"`
	Features     []string        `json:"features"`
	BaseURL      string          `json:"base_url"`
	RateLimit    float64         `json:"rate_limit,omitempty"`
	Settings     []recipeSetting `json:"settings"`
	MaxInFlight  int             `json:"max_in_flight,omitempty"`
	Checked      string          `json:"checked,omitempty"` // the day on which the tables were last compared with the sources
	Sources      []recipeSource  `json:"sources"`
	Notes        []string        `json:"notes"`
	Fixtures     int             `json:"fixtures"`
	Samples      int             `json:"samples"` // fixtures that the vendor published
	FixturesFrom []string        `json:"fixtures_from,omitempty"`
}

type recipeSource struct {
	Name    string `json:"name"`
	Page    string `json:"page"`
	Dated   string `json:"dated,omitempty"`
	Checked string `json:"checked,omitempty"`
}

type recipeSetting struct {
	Name     string `json:"name"`
	Doc      string `json:"doc"`
	Secret   bool   `json:"secret"`
	Optional bool   `json:"optional"`
	Default  string `json:"default,omitempty"`
}

func infoOf(r *rest.Recipe) recipeInfo {
	info := recipeInfo{
		Name: r.Name, Title: r.Title, Experimental: r.Experimental, Features: r.Features().Names(), BaseURL: r.BaseURL,
		RateLimit: r.RateLimit, MaxInFlight: r.MaxInFlight, Settings: []recipeSetting{}, Sources: []recipeSource{}, Notes: r.Notes, Fixtures: len(r.Fixtures), Samples: r.SampleFixtures(), FixturesFrom: r.FixturesFrom,
		Checked: day(r.TablesChecked()),
	}
	for _, s := range r.Sources {
		info.Sources = append(info.Sources, recipeSource{s.Name, s.Page, s.Dated, day(s.Checked)})
	}
	for _, s := range r.Settings {
		info.Settings = append(info.Settings, recipeSetting{s.Name, s.Doc, s.Secret, s.Optional || s.Default != "", s.Default})
	}
	return info
}

// day is "" for the zero time.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func (a *app) recipeListCommand() *cobra.Command {
	var format cli.Format
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the built-in recipes, what they can do, and when they were last checked",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			all := []recipeInfo{}
			rows := [][]string{{"NAME", "VENDOR", "", "TABLES CHECKED", "CAN"}}
			for _, name := range rest.Builtin() {
				r, err := rest.Load(name)
				if err != nil {
					return err
				}
				info := infoOf(r)
				all = append(all, info)
				rows = append(rows, []string{info.Name, info.Title, maturity(info.Experimental), cmp.Or(info.Checked, "-"), strings.Join(info.Features, " ")})
			}
			if format.JSON() {
				return a.PrintJSON(all)
			}
			return a.Table(rows)
		},
	}
	format.AddTo(cmd)
	return cmd
}

func maturity(experimental bool) string {
	if experimental {
		return "experimental"
	}
	return "verified"
}

func (a *app) recipeShowCommand() *cobra.Command {
	var format cli.Format
	var source bool
	cmd := &cobra.Command{
		Use:               "show NAME|FILE",
		ValidArgsFunction: completeRecipe,
		Short:             "Show a recipe's settings and features, or its source",
		Example:           "  anysms recipe show transmitsms\n  anysms recipe show transmitsms --source > mine.yaml",
		Args:              cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if source {
				text, err := rest.Source(args[0])
				if err != nil {
					return err
				}
				_, err = a.Out.Write(text)
				return err
			}
			r, err := rest.Load(args[0])
			if err != nil {
				return err
			}
			if format.JSON() {
				return a.PrintJSON(infoOf(r))
			}
			return a.printRecipe(infoOf(r))
		},
	}
	format.AddTo(cmd)
	cmd.Flags().BoolVar(&source, "source", false, "print the recipe file itself")
	return cmd
}

func (a *app) printRecipe(info recipeInfo) error {
	fmt.Fprintf(a.Out, "%s (%s)\n", info.Title, maturity(info.Experimental))
	fmt.Fprintf(a.Out, "can: send %s\n", strings.Join(info.Features, " "))
	if info.BaseURL != "" {
		fmt.Fprintf(a.Out, "base_url: %s\n", info.BaseURL)
	}
	fmt.Fprintln(a.Out, "\nSettings:")
	var rows [][]string
	for _, s := range info.Settings {
		need := "required"
		if s.Optional {
			need = "optional"
		}
		rows = append(rows, []string{"  " + s.Name, need, s.Doc})
	}
	if err := a.Table(rows); err != nil {
		return err
	}
	a.printList("Notes", info.Notes)
	var sources []string
	for _, s := range info.Sources {
		line := s.Name + ": " + s.Page
		if s.Dated != "" {
			line += " (" + s.Dated + ")"
		}
		if s.Checked != "" {
			line += ", checked " + s.Checked
		}
		sources = append(sources, line)
	}
	a.printList("Sources", sources)
	fmt.Fprintf(a.Out, "\nFixtures: %d, %d of them samples that the vendor published", info.Fixtures, info.Samples)
	if len(info.FixturesFrom) > 0 {
		fmt.Fprintf(a.Out, "; the others are built from %s", strings.Join(info.FixturesFrom, ", "))
	}
	fmt.Fprintln(a.Out)
	return nil
}

func (a *app) printList(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(a.Out, "\n%s:\n", title)
	for _, line := range lines {
		fmt.Fprintln(a.Out, "  - "+line)
	}
}

func (a *app) recipeValidateCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "validate NAME|FILE…",
		ValidArgsFunction: completeRecipe,
		Short:             "Check recipes, and report every error with line and column",
		Args:              cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var faults []error
			for _, name := range args {
				r, err := rest.Load(name)
				if err != nil {
					faults = append(faults, err)
					continue
				}
				fmt.Fprintf(a.Out, "%s is valid: recipe %s, %s\n", name, r.Name, cli.Plural(len(r.Fixtures), "fixture"))
			}
			return errors.Join(faults...)
		},
	}
}

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

func (a *app) recipeNewCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     "new NAME",
		Short:   "Write a commented recipe to start from",
		Example: "  anysms recipe new acme > acme.yaml\n  anysms recipe new acme --file acme.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := rest.Starter(args[0])
			if err != nil {
				return err
			}
			if file == "" {
				_, err = a.Out.Write(text)
				return err
			}
			f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
			if err != nil {
				return err
			}
			_, err = f.Write(text)
			return errors.Join(err, f.Close())
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "write to this new `FILE` instead of stdout")
	return cmd
}

func (a *app) recipeSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of recipes, for editors",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.Out.Write(rest.Schema())
			return err
		},
	}
}

// completeRecipe completes the name of a built-in recipe, or of a file.
var completeRecipe = cobra.FixedCompletions(rest.Builtin(), cobra.ShellCompDirectiveDefault)
