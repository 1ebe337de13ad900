package messages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/numbering"
)

const importHelp = `Add the numbers of a file with the column number and, if need be, scope, value and at
(when they opted out); - is stdin. It may be CSV, TSV, JSON Lines or an XLSX workbook, in
UTF-8, UTF-16 or a Windows code page, and compressed with gzip or zstd; all that is
detected. Other columns are ignored.

A row that cannot be read is reported with its line and left out, the rest is added, and
the exit code is then 1. The file can be imported again: what is on the list already is
counted and changes nothing.`

func (a *app) optOutImport() *cobra.Command {
	var from place
	var region string
	cmd := &cobra.Command{
		Use:     "import FILE",
		Short:   "Add the numbers of a file",
		Long:    importHelp,
		Example: "  anysms optout import optouts.csv\n  anysms optout import list.xlsx --region GR",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := numbering.CheckRegion(region); err != nil {
				return fmt.Errorf("--region: %w", err)
			}
			f, err := openOptOuts(cmd.Context(), args[0], a.In)
			if err != nil {
				return err
			}
			defer f.Close()
			f.region = region
			return from.with(cmd, func(r records) error { return a.importOptOuts(cmd.Context(), r, f) })
		},
	}
	cmd.Flags().StringVar(&region, "region", "", "`COUNTRY` of numbers without a calling code, such as GR")
	from.addTo(cmd)
	return cmd
}

// optOutColumns are read; "source" is what export writes, and is ignored.
var optOutColumns = []string{"number", "scope", "value", "at", "source"}

// optOutFile is an open file of opt-outs.
type optOutFile struct {
	*source.File
	rows   table.Reader
	at     map[string]int // where the columns of optOutColumns are
	region string
}

func openOptOuts(ctx context.Context, path string, stdin io.Reader) (*optOutFile, error) {
	from, err := source.Open(ctx, path, stdin, "")
	if err != nil {
		return nil, err
	}
	f := &optOutFile{File: from, at: make(map[string]int)}
	if err := f.open(); err != nil {
		from.Close()
		return nil, fmt.Errorf("%s: %w", from.Name, err)
	}
	return f, nil
}

func (f *optOutFile) open() (err error) {
	if f.Spreadsheet {
		f.rows, err = f.worksheet()
	} else {
		f.rows, err = table.Text(f, f.Name, nil, optOutColumns)
	}
	if err != nil {
		return err
	}
	for i, column := range f.rows.Columns() {
		name, known := optOutColumn(column)
		if _, twice := f.at[name]; twice {
			return fmt.Errorf("the header has column %q twice", name)
		}
		if known {
			f.at[name] = i
		}
	}
	if _, ok := f.at["number"]; !ok || f.rows.Lines() {
		_, err = table.Find(f.rows, "number")
	}
	return err
}

// optOutColumn returns which of optOutColumns a column of the header is.
func optOutColumn(column string) (name string, known bool) {
	i := slices.IndexFunc(optOutColumns, func(name string) bool { return table.Like(column, name) })
	if i < 0 {
		return "", false
	}
	return optOutColumns[i], true
}

func (f *optOutFile) worksheet() (table.Reader, error) {
	return input.Worksheet(f.File, "", table.SheetOptions{Hidden: true, Form: func(column string) table.Form {
		switch name, _ := optOutColumn(column); name {
		case "number":
			return table.Phone
		case "at":
			return table.Moment
		}
		return table.Stored
	}})
}

// unused lists the columns that are not read.
func (f *optOutFile) unused() (names []string) {
	for _, column := range f.rows.Columns() {
		if _, known := optOutColumn(column); !known {
			names = append(names, fmt.Sprintf("%q", column))
		}
	}
	return names
}

func (f *optOutFile) optOut(row table.Row) (o ledger.OptOut, err error) {
	if row.Problem != "" {
		return o, errors.New(row.Problem)
	}
	field := func(name string) string {
		if i, ok := f.at[name]; ok {
			return strings.TrimSpace(row.Fields[i])
		}
		return ""
	}
	o = ledger.OptOut{Scope: ledger.ScopeAll, Value: field("value"), Source: ledger.FromImport}
	number, _, err := numbering.Parse(field("number"), f.region)
	if err != nil {
		return o, fmt.Errorf("number: %q: %s", field("number"), input.NumberReason(err))
	}
	o.Number = number.String()
	if s := field("scope"); s != "" {
		o.Scope = ledger.Scope(s)
	}
	if at := field("at"); at != "" {
		if o.At, err = time.Parse(time.RFC3339, at); err != nil {
			return o, fmt.Errorf("at: %q is not a time such as 2026-11-21T08:00:00Z", at)
		}
	}
	return o, o.Check()
}

// importBatch is how many rows are added at once.
const importBatch = 500

// importing adds the rows of a file in batches.
type importing struct {
	ctx                 context.Context
	to                  records
	batch               []ledger.OptOut
	added, known, wrong int
}

func (i *importing) flush() error {
	n, err := i.to.OptOut(i.ctx, i.batch...)
	if err != nil {
		return err
	}
	i.added += n
	i.known += len(i.batch) - n
	i.batch = i.batch[:0]
	return nil
}

func (i *importing) String() string {
	return fmt.Sprintf("added %d, known already %d, left out %d", i.added, i.known, i.wrong)
}

func (a *app) importOptOuts(ctx context.Context, to records, f *optOutFile) error {
	if unused := f.unused(); len(unused) > 0 {
		fmt.Fprintf(a.Err, "%s: columns that are not read: %s\n", f.Name, strings.Join(unused, ", "))
	}
	i := &importing{ctx: ctx, to: to}
	p := cli.NewProgress(a.Err, "rows", f.Share)
	err := a.importRows(i, f, p)
	p.End()
	switch {
	case err != nil && i.added > 0:
		return fmt.Errorf("%w; before that: %s; the file can be imported again", err, i)
	case err != nil:
		return err
	}
	fmt.Fprintln(a.Err, i)
	if i.wrong > 0 {
		return &cli.ExitError{Code: 1}
	}
	return nil
}

func (a *app) importRows(i *importing, f *optOutFile, p *cli.Progress) error {
	for done := 1; ; done++ {
		row, err := f.rows.Next()
		if errors.Is(err, io.EOF) {
			return i.flush()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("%s: after line %d: %w", f.Name, f.rows.NextLine()-1, err), i.flush())
		}
		o, err := f.optOut(row)
		if err != nil {
			i.wrong++
			p.Print(a.Err, cli.Harmless(fmt.Sprintf("%s:%d: %v", f.Name, row.Line, err)))
			continue
		}
		if i.batch = append(i.batch, o); len(i.batch) < importBatch {
			continue
		}
		if err := i.flush(); err != nil {
			return err
		}
		p.Show(done)
	}
}
