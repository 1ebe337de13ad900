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
	shownInvalid     = 20
	shownCountries   = 20
	shownReasons     = 5
	shownOfOneReason = 3 // the reason is said above them
)

// printFindings prints what was found in a file.
func (a *app) printFindings(f *findings, opts *analysis.Options, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(f)
	}
	fmt.Fprintf(a.Err, "%s: read as %s\n", opts.Name, f.Format)
	if !f.Complete {
		fmt.Fprint(a.Out, "INCOMPLETE: the file was not read to its end; the totals cover the rows before.\n\n")
	}
	err := a.Table([][]string{
		{"", "messages", "segments"},
		{"gsm7", cli.Grouped(f.ByEncoding.GSM7.Messages), cli.Grouped(f.ByEncoding.GSM7.Segments)},
		{"ucs2", cli.Grouped(f.ByEncoding.UCS2.Messages), cli.Grouped(f.ByEncoding.UCS2.Segments)},
		{"total", cli.Grouped(f.Messages), cli.Grouped(f.Segments)},
	})
	if err != nil {
		return err
	}
	for _, print := range []func(*findings, *analysis.Options) error{
		a.printSpread, a.printCountries, a.printNetworks, a.printCosts, a.printComparison, a.printEdits, a.printLevels,
		a.printVariables, a.printDuplicates, a.printInvalid, a.printQuotes,
	} {
		if err := print(f, opts); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printSpread(t *findings, _ *analysis.Options) error {
	if t.Unsendable > 0 {
		fmt.Fprintf(a.Out, "\nToo long to send, with more than %d segments: %s.\n", segment.MaxSegments, cli.Plural(t.Unsendable, "message"))
	}
	if t.HiddenRows > 0 {
		fmt.Fprintf(a.Out, "\nLeft out, as the worksheet hides them (--hidden-rows): %s.\n", cli.Plural(t.HiddenRows, "row"))
	}
	if t.Longest < 2 {
		return nil
	}
	fmt.Fprintf(a.Out, "\nSegments per message: median %d, p95 %d, longest %s.\n", t.Median, t.P95, cli.Grouped(t.Longest))
	return nil
}

func (a *app) printCountries(t *findings, opts *analysis.Options) error {
	if len(t.ByCountry) == 0 {
		return nil
	}
	header := []string{"country", "messages", "segments"}
	for _, p := range opts.Prices {
		header = append(header, p.Provider)
	}
	rows := [][]string{header}
	shown := t.ByCountry[:min(len(t.ByCountry), shownCountries)]
	for _, c := range shown {
		rows = append(rows, []string{cli.OrDash(c.Country), cli.Grouped(c.Messages), cli.Grouped(c.Segments)})
	}
	for _, p := range opts.Prices {
		var column []cli.Amount
		for _, c := range shown {
			cost, words := c.At(p.Provider)
			column = append(column, cli.Amount{Money: cost, Words: words})
		}
		for i, cell := range cli.Amounts(column) {
			rows[i+1] = append(rows[i+1], cell)
		}
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

func (a *app) printNetworks(t *findings, _ *analysis.Options) error {
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
func (a *app) printCosts(t *findings, opts *analysis.Options) error {
	if len(opts.Prices) == 0 {
		return nil
	}
	totals, converted := make([]cli.Amount, len(opts.Prices)), make([]cli.Amount, len(opts.Prices))
	for i, p := range opts.Prices {
		total := t.TotalCost[p.Provider]
		totals[i].Money = &total
		if t.Comparison != nil && t.Common != nil && total.Currency != t.Common.Currency {
			common := t.Common.TotalCost[p.Provider]
			converted[i].Money = &common
		}
	}
	rows := make([][]string, len(opts.Prices))
	amounts, inCommon := cli.Amounts(totals), cli.Amounts(converted)
	for i, p := range opts.Prices {
		if inCommon[i] != "" {
			inCommon[i] = "= " + inCommon[i]
		}
		rows[i] = []string{"Cost at " + p.Provider, amounts[i], inCommon[i], excluded(t, p.Provider)}
	}
	fmt.Fprintln(a.Out)
	return a.Table(rows)
}

// excluded says what a provider's total does not include.
func excluded(t *findings, name string) string {
	var parts []string
	if n := t.Unpriced[name]; n > 0 {
		parts = append(parts, cli.Plural(n, "message")+" without a price")
	}
	if n := t.Uncarried[name]; n > 0 {
		parts = append(parts, cli.Plural(n, "message")+" too long for it")
	}
	if len(parts) == 0 {
		return ""
	}
	return "excluding " + strings.Join(parts, " and ")
}

func (a *app) printEdits(t *findings, _ *analysis.Options) error {
	if len(t.Edits) == 0 {
		return nil
	}
	fmt.Fprintln(a.Out, "\nEdits that save most:")
	var rows [][]string
	for _, e := range t.Edits {
		changes := make([]string, len(e.From))
		for j := range e.From {
			changes[j] = fmt.Sprintf("%q with %q", e.From[j], e.To[j])
		}
		rows = append(rows, []string{"  replace " + strings.Join(changes, ", "), "in " + cli.Plural(e.Messages, "message"), "saves " + cli.Plural(e.Saves, "segment"), moneyList(e.Cost)})
	}
	return a.Table(rows)
}

func (a *app) printVariables(t *findings, _ *analysis.Options) error {
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

func (a *app) printDuplicates(t *findings, _ *analysis.Options) error {
	if d := t.Duplicates; d != nil {
		fmt.Fprintf(a.Out, "\nDuplicate rows (same number and text): %s, %s.\n", cli.Plural(d.Messages, "message"), cli.Plural(d.Segments, "segment"))
		for _, r := range d.Lines[:min(len(d.Lines), shownInvalid)] {
			fmt.Fprintf(a.Out, "  line %d duplicates line %d\n", r.Line, r.First)
		}
	}
	return nil
}

// printInvalid lists the invalid rows, at most the first few.
func (a *app) printInvalid(t *findings, _ *analysis.Options) error {
	if t.InvalidRows == 0 {
		return nil
	}
	fmt.Fprintf(a.Out, "\n%s of %s rows are invalid:\n", cli.Grouped(t.InvalidRows), cli.Grouped(t.Rows))
	shown := shownInvalid
	if t.InvalidRows > shownInvalid {
		if len(t.ByReason) == 1 {
			shown = shownOfOneReason
		}
		for _, r := range t.ByReason[:min(len(t.ByReason), shownReasons)] {
			fmt.Fprintf(a.Out, "  %s × %s\n", cli.Grouped(r.Rows), r.Reason)
		}
	}
	for _, row := range t.Invalid[:min(len(t.Invalid), shown)] {
		fmt.Fprintf(a.Out, "  line %d: %s\n", row.Line, row.Reason)
	}
	if more := t.InvalidRows - min(len(t.Invalid), shown); more > 0 {
		fmt.Fprintf(a.Out, "  … and %s more (--format json lists the first %s)\n", cli.Grouped(more), cli.Grouped(analysis.MaxInvalid))
	}
	return nil
}
