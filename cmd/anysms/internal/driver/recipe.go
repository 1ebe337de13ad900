package driver

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/rest"
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
