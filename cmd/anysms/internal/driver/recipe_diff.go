package driver

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/drivers/rest"
	"github.com/anysms/anysms/drivers/rest/resttest"
)

type recipeDiff struct {
	Tried       int              `json:"tried"` // codes, statuses and phrases of both versions
	Differences []codeDifference `json:"differences"`
	Gained      []string         `json:"gained"` // features that only the second version has
	Lost        []string         `json:"lost"`   // features that only the first version has
}

type codeDifference struct {
	Table  string `json:"table"`
	Code   string `json:"code"`
	Says   string `json:"says"`
	Source string `json:"source"`
	Before string `json:"before"`
	After  string `json:"after"`
}

func (a *app) recipeDiffCommand() *cobra.Command {
	var format cli.Format
	cmd := &cobra.Command{
		Use:   "diff NAME|FILE NAME|FILE",
		Short: "Show what two versions of a recipe decide differently",
		Long: `Send every code, status and phrase of the tables of both versions through both,
in the vendor's responses of their fixtures, and show those whose outcomes differ,
so that an update of a recipe can be reviewed. Nothing leaves the machine.`,
		Example: "  anysms recipe diff plivo ./plivo.yaml\n  anysms recipe diff old.yaml new.yaml --format json",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			before, err := rest.Load(args[0])
			if err != nil {
				return err
			}
			after, err := rest.Load(args[1])
			if err != nil {
				return err
			}
			diff, err := diffRecipes(cmd.Context(), before, after)
			if err != nil {
				return err
			}
			if format.JSON() {
				return a.PrintJSON(diff)
			}
			return a.printDiff(diff)
		},
	}
	format.AddTo(cmd)
	cmd.ValidArgsFunction = cobra.FixedCompletions(rest.Builtin(), cobra.ShellCompDirectiveDefault)
	return cmd
}

func diffRecipes(ctx context.Context, before, after *rest.Recipe) (recipeDiff, error) {
	differences, tried, err := resttest.Compare(ctx, before, after)
	if err != nil {
		return recipeDiff{}, err
	}
	diff := recipeDiff{Tried: tried, Differences: []codeDifference{}}
	for _, d := range differences {
		diff.Differences = append(diff.Differences, codeDifference{d.Table, d.Code, cmp.Or(d.Says, d.LeftOut), d.Source, d.Before, d.After})
	}
	then, now := infoOf(before).Features, infoOf(after).Features
	diff.Gained, diff.Lost = without(now, then), without(then, now)
	return diff, nil
}

// without returns the words that are not among others.
func without(words, others []string) []string {
	return slices.DeleteFunc(append([]string{}, words...), func(w string) bool { return slices.Contains(others, w) })
}

func (a *app) printDiff(diff recipeDiff) error {
	if len(diff.Differences) > 0 {
		rows := [][]string{{"TABLE", "CODE", "BEFORE", "AFTER", "THE VENDOR SAYS"}}
		for _, d := range diff.Differences {
			rows = append(rows, []string{d.Table, cmp.Or(d.Code, "-"), cmp.Or(d.Before, "-"), cmp.Or(d.After, "-"), d.Says})
		}
		if err := a.Table(rows); err != nil {
			return err
		}
	}
	for _, feature := range diff.Gained {
		fmt.Fprintln(a.Out, "gained: "+feature)
	}
	for _, feature := range diff.Lost {
		fmt.Fprintln(a.Out, "lost: "+feature)
	}
	fmt.Fprintf(a.Out, "%s tried, %s\n", cli.Plural(diff.Tried, "code"), cli.Plural(len(diff.Differences), "difference"))
	return nil
}
