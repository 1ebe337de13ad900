package main

import (
	"fmt"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/encoding/segment"
)

// What the text form shows of long lists.
const (
	shownInvalid   = 20
	shownCountries = 20
	shownReasons   = 5
)

func (a *app) printTotals(t *analysis.Totals, opts *analysis.Options, format outputFormat) error {
	if format.json() {
		return a.printJSON(t)
	}
	fmt.Fprintf(a.err, "%s read as %s\n", opts.Name, t.Format)
	err := a.table([][]string{
		{"", "messages", "segments"},
		{"gsm7", grouped(t.ByEncoding.GSM7.Messages), grouped(t.ByEncoding.GSM7.Segments)},
		{"ucs2", grouped(t.ByEncoding.UCS2.Messages), grouped(t.ByEncoding.UCS2.Segments)},
		{"total", grouped(t.Messages), grouped(t.Segments)},
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
		fmt.Fprintf(a.out, "\n%s messages need more than %d segments and cannot be sent.\n", grouped(t.Unsendable), segment.MaxSegments)
	}
	if t.Longest < 2 {
		return nil
	}
	fmt.Fprintf(a.out, "\nSegments per message: median %d, 95 of 100 at most %d, longest %s.\n", t.Median, t.P95, grouped(t.Longest))
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
		row := []string{orDash(c.Country), grouped(c.Messages), grouped(c.Segments)}
		for _, p := range opts.Prices {
			row = append(row, c.CostText(p.Provider))
		}
		rows = append(rows, row)
	}
	fmt.Fprintln(a.out)
	if err := a.table(rows); err != nil {
		return err
	}
	if more := len(t.ByCountry) - shownCountries; more > 0 {
		fmt.Fprintf(a.out, "… and %d more countries (--format json lists all)\n", more)
	}
	return nil
}

func (a *app) printNetworks(t *analysis.Totals, _ *analysis.Options) error {
	if len(t.ByNetwork) == 0 {
		return nil
	}
	rows := [][]string{{"network", "messages", "segments"}}
	for _, n := range t.ByNetwork[:min(len(t.ByNetwork), shownCountries)] {
		rows = append(rows, []string{orDash(n.MCCMNC), grouped(n.Messages), grouped(n.Segments)})
	}
	fmt.Fprintln(a.out)
	return a.table(rows)
}

// printCosts says the total, and in the same line what it leaves out.
func (a *app) printCosts(t *analysis.Totals, opts *analysis.Options) error {
	if len(opts.Prices) > 0 {
		fmt.Fprintln(a.out)
	}
	for _, p := range opts.Prices {
		line := fmt.Sprintf("Cost at %s: %s", p.Provider, t.TotalCost[p.Provider])
		if missing := t.Unpriced[p.Provider]; missing > 0 {
			line += fmt.Sprintf(", without %s that have no price", plural(missing, "message"))
		}
		if long := t.Uncarried[p.Provider]; long > 0 {
			line += fmt.Sprintf(", without %s too long for it", plural(long, "message"))
		}
		fmt.Fprintln(a.out, line)
	}
	return nil
}

func (a *app) printEdits(t *analysis.Totals, _ *analysis.Options) error {
	if len(t.Edits) == 0 {
		return nil
	}
	fmt.Fprintln(a.out, "\nWhat would save most:")
	rows := make([][]string, len(t.Edits))
	for i, e := range t.Edits {
		changes := make([]string, len(e.From))
		for j := range e.From {
			changes[j] = fmt.Sprintf("%q by %q", e.From[j], e.To[j])
		}
		rows[i] = []string{"  replace " + strings.Join(changes, ", "), "in " + plural(e.Messages, "message"), "saves " + plural(e.Saves, "segment"), moneyList(e.Cost)}
	}
	return a.table(rows)
}

func (a *app) printVariables(t *analysis.Totals, _ *analysis.Options) error {
	if len(t.Variables) == 0 {
		return nil
	}
	rows := [][]string{{"variable", "missing", "forces UCS-2", "takes segments"}}
	for _, v := range t.Variables {
		rows = append(rows, []string{"{" + v.Name + "}", grouped(v.Missing), grouped(v.ForcesUCS2), grouped(v.Segments)})
	}
	fmt.Fprintln(a.out)
	return a.table(rows)
}

func (a *app) printDuplicates(t *analysis.Totals, _ *analysis.Options) error {
	if d := t.Duplicates; d != nil {
		fmt.Fprintf(a.out, "\n%s messages repeat an earlier one, which takes %s segments.\n", grouped(d.Messages), grouped(d.Segments))
		for _, r := range d.Lines[:min(len(d.Lines), shownInvalid)] {
			fmt.Fprintf(a.out, "  line %d repeats line %d\n", r.Line, r.First)
		}
	}
	return nil
}

// printInvalid lists the invalid rows, the first ones of many.
func (a *app) printInvalid(t *analysis.Totals, _ *analysis.Options) error {
	if t.InvalidRows == 0 {
		return nil
	}
	fmt.Fprintf(a.out, "\n%s of %s rows are invalid:\n", grouped(t.InvalidRows), grouped(t.Rows))
	if t.InvalidRows > shownInvalid {
		for _, r := range t.ByReason[:min(len(t.ByReason), shownReasons)] {
			fmt.Fprintf(a.out, "  %s × %s\n", grouped(r.Rows), r.Reason)
		}
	}
	for _, row := range t.Invalid[:min(len(t.Invalid), shownInvalid)] {
		fmt.Fprintf(a.out, "  line %d: %s\n", row.Line, row.Reason)
	}
	if t.InvalidRows > shownInvalid {
		fmt.Fprintf(a.out, "  … and %s more (--format json lists the first %s)\n", grouped(t.InvalidRows-shownInvalid), grouped(analysis.MaxInvalid))
	}
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
