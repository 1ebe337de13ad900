package cost

import (
	"fmt"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/encoding/segment"
)

// How much of long lists the text output shows.
const (
	shownInvalid   = 20
	shownCountries = 20
	shownReasons   = 5
)

func (a *app) printTotals(t *analysis.Totals, opts *analysis.Options, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(t)
	}
	fmt.Fprintf(a.Err, "%s: read as %s\n", opts.Name, t.Format)
	err := a.Table([][]string{
		{"", "messages", "segments"},
		{"gsm7", cli.Grouped(t.ByEncoding.GSM7.Messages), cli.Grouped(t.ByEncoding.GSM7.Segments)},
		{"ucs2", cli.Grouped(t.ByEncoding.UCS2.Messages), cli.Grouped(t.ByEncoding.UCS2.Segments)},
		{"total", cli.Grouped(t.Messages), cli.Grouped(t.Segments)},
	})
	if err != nil {
		return err
	}
	for _, print := range []func(*analysis.Totals, *analysis.Options) error{
		a.printSpread, a.printCountries, a.printNetworks, a.printCosts, a.printEdits, a.printVariables, a.printDuplicates, a.printInvalid,
	} {
		if err := print(t, opts); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printSpread(t *analysis.Totals, _ *analysis.Options) error {
	if t.Unsendable > 0 {
		fmt.Fprintf(a.Out, "\nToo long to send, with more than %d segments: %s.\n", segment.MaxSegments, cli.Plural(t.Unsendable, "message"))
	}
	if t.Longest < 2 {
		return nil
	}
	fmt.Fprintf(a.Out, "\nSegments per message: median %d, p95 %d, longest %s.\n", t.Median, t.P95, cli.Grouped(t.Longest))
	return nil
}

func (a *app) printCountries(t *analysis.Totals, opts *analysis.Options) error {
	if len(t.ByCountry) == 0 {
		return nil
	}
	header := []string{"country", "messages", "segments"}
	for _, p := range opts.Prices {
		header = append(header, p.Provider)
	}
	rows := [][]string{header}
	for _, c := range t.ByCountry[:min(len(t.ByCountry), shownCountries)] {
		row := []string{cli.OrDash(c.Country), cli.Grouped(c.Messages), cli.Grouped(c.Segments)}
		for _, p := range opts.Prices {
			row = append(row, c.CostText(p.Provider))
		}
		rows = append(rows, row)
	}
	fmt.Fprintln(a.Out)
	if err := a.Table(rows); err != nil {
		return err
	}
	if more := len(t.ByCountry) - shownCountries; more > 0 {
		fmt.Fprintf(a.Out, "… and %d more countries (--format json lists all of them)\n", more)
	}
	return nil
}

func (a *app) printNetworks(t *analysis.Totals, _ *analysis.Options) error {
	if len(t.ByNetwork) == 0 {
		return nil
	}
	rows := [][]string{{"network", "messages", "segments"}}
	for _, n := range t.ByNetwork[:min(len(t.ByNetwork), shownCountries)] {
		rows = append(rows, []string{cli.OrDash(n.MCCMNC), cli.Grouped(n.Messages), cli.Grouped(n.Segments)})
	}
	fmt.Fprintln(a.Out)
	return a.Table(rows)
}

// printCosts prints each total, and in the same line what it does not include.
func (a *app) printCosts(t *analysis.Totals, opts *analysis.Options) error {
	if len(opts.Prices) > 0 {
		fmt.Fprintln(a.Out)
	}
	for _, p := range opts.Prices {
		line := fmt.Sprintf("Cost at %s: %s", p.Provider, t.TotalCost[p.Provider])
		if missing := t.Unpriced[p.Provider]; missing > 0 {
			line += fmt.Sprintf(", excluding %s without a price", cli.Plural(missing, "message"))
		}
		if long := t.Uncarried[p.Provider]; long > 0 {
			line += fmt.Sprintf(", excluding %s too long for it", cli.Plural(long, "message"))
		}
		fmt.Fprintln(a.Out, line)
	}
	return nil
}

func (a *app) printEdits(t *analysis.Totals, _ *analysis.Options) error {
	if len(t.Edits) == 0 {
		return nil
	}
	fmt.Fprintln(a.Out, "\nEdits that save most:")
	rows := make([][]string, len(t.Edits))
	for i, e := range t.Edits {
		changes := make([]string, len(e.From))
		for j := range e.From {
			changes[j] = fmt.Sprintf("%q with %q", e.From[j], e.To[j])
		}
		rows[i] = []string{"  replace " + strings.Join(changes, ", "), "in " + cli.Plural(e.Messages, "message"), "saves " + cli.Plural(e.Saves, "segment"), moneyList(e.Cost)}
	}
	return a.Table(rows)
}

func (a *app) printVariables(t *analysis.Totals, _ *analysis.Options) error {
	if len(t.Variables) == 0 {
		return nil
	}
	rows := [][]string{{"variable", "missing", "forces UCS-2", "segments added"}}
	for _, v := range t.Variables {
		rows = append(rows, []string{"{" + v.Name + "}", cli.Grouped(v.Missing), cli.Grouped(v.ForcesUCS2), cli.Grouped(v.Segments)})
	}
	fmt.Fprintln(a.Out)
	return a.Table(rows)
}

func (a *app) printDuplicates(t *analysis.Totals, _ *analysis.Options) error {
	if d := t.Duplicates; d != nil {
		fmt.Fprintf(a.Out, "\nDuplicate rows (same number and text): %s, %s.\n", cli.Plural(d.Messages, "message"), cli.Plural(d.Segments, "segment"))
		for _, r := range d.Lines[:min(len(d.Lines), shownInvalid)] {
			fmt.Fprintf(a.Out, "  line %d duplicates line %d\n", r.Line, r.First)
		}
	}
	return nil
}

// printInvalid lists the invalid rows, at most the first few.
func (a *app) printInvalid(t *analysis.Totals, _ *analysis.Options) error {
	if t.InvalidRows == 0 {
		return nil
	}
	fmt.Fprintf(a.Out, "\n%s of %s rows are invalid:\n", cli.Grouped(t.InvalidRows), cli.Grouped(t.Rows))
	if t.InvalidRows > shownInvalid {
		for _, r := range t.ByReason[:min(len(t.ByReason), shownReasons)] {
			fmt.Fprintf(a.Out, "  %s × %s\n", cli.Grouped(r.Rows), r.Reason)
		}
	}
	for _, row := range t.Invalid[:min(len(t.Invalid), shownInvalid)] {
		fmt.Fprintf(a.Out, "  line %d: %s\n", row.Line, row.Reason)
	}
	if t.InvalidRows > shownInvalid {
		fmt.Fprintf(a.Out, "  … and %s more (--format json lists the first %s)\n", cli.Grouped(t.InvalidRows-shownInvalid), cli.Grouped(analysis.MaxInvalid))
	}
	return nil
}
