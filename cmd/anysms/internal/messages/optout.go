package messages

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/router/ledger"
)

const optOutHelp = `Manage the list of people who do not want messages. A message to one of them is refused
with the code opted_out, before any request to a vendor.

Numbers are added by replies of a single word such as STOP, by vendors that refuse a
message for this reason, by "optout import", and by "optout add". The scope limits an
opt-out:

  all                      all messages
  provider, sender, class  only messages through the provider, from the sender, or of
                           the class given by --value

` + serverHelp + ` The key
needs the scope optouts.`

func (a *app) optOutCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "optout",
		GroupID: cli.GroupSend,
		Short:   "Manage the list of people who do not want messages",
		Long:    optOutHelp,
		RunE:    cli.ShowHelp,
	}
	cmd.AddCommand(a.optOutAdd(), a.optOutRemove(), a.optOutList(), a.optOutImport(), a.optOutExport())
	return cmd
}

func (a *app) optOutAdd() *cobra.Command {
	var from source
	scope := cli.OneOf{Value: string(ledger.ScopeAll), Words: []string{"all", "provider", "sender", "class"}}
	var value string
	cmd := &cobra.Command{
		Use:     "add NUMBER…",
		Short:   "Add numbers to the list",
		Example: "  anysms optout add +306900000001\n  anysms optout add +306900000001 --scope class --value marketing",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var list []ledger.OptOut
			for _, arg := range args {
				number, err := parseNumber(arg)
				if err != nil {
					return err
				}
				o := ledger.OptOut{Number: number, Scope: ledger.Scope(scope.Value), Value: value, Source: ledger.FromAPI}
				if err := o.Check(); err != nil {
					return err
				}
				list = append(list, o)
			}
			return from.with(cmd, func(r records) error {
				n, err := r.OptOut(cmd.Context(), list...)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.Err, "added %d, known already %d\n", n, len(list)-n)
				return nil
			})
		},
	}
	scope.AddTo(cmd, "scope", "what the opt-out holds for")
	cmd.Flags().StringVar(&value, "value", "", "the `NAME` of the provider, sender or class")
	from.addTo(cmd)
	return cmd
}

func (a *app) optOutRemove() *cobra.Command {
	var from source
	cmd := &cobra.Command{
		Use:     "remove NUMBER…",
		Short:   "Remove numbers from the list, in every scope",
		Example: "  anysms optout remove +306900000001",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return from.with(cmd, func(r records) error {
				missing := 0
				for _, arg := range args {
					number, err := parseNumber(arg)
					if err != nil {
						return err
					}
					n, err := r.OptIn(cmd.Context(), number)
					if err != nil {
						return err
					}
					if n == 0 {
						missing++
						fmt.Fprintf(a.Err, "%s has not opted out\n", number)
					}
				}
				if missing > 0 {
					return &cli.ExitError{Code: 1}
				}
				return nil
			})
		},
	}
	from.addTo(cmd)
	return cmd
}

func (a *app) optOutList() *cobra.Command {
	var from source
	var format cli.Format
	var number string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List opted-out numbers",
		Example: "  anysms optout list\n  anysms optout list --server https://sms.example.com --key-file ops.key\n  anysms optout list --number +306900000001 --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if number != "" {
				if number, err = parseNumber(number); err != nil {
					return fmt.Errorf("--number: %w", err)
				}
			}
			return from.with(cmd, func(r records) error {
				rows := [][]string{{"number", "scope", "value", "source", "since"}}
				for o, err := range r.OptOuts(cmd.Context(), number) {
					if err != nil {
						return err
					}
					if format.JSON() {
						if err := a.PrintJSON(o); err != nil {
							return err
						}
						continue
					}
					rows = append(rows, optOutRow(o))
				}
				if format.JSON() {
					return nil
				}
				return a.Table(rows)
			})
		},
	}
	cmd.Flags().StringVar(&number, "number", "", "only this `NUMBER`")
	from.addTo(cmd)
	format.AddTo(cmd)
	return cmd
}

func optOutRow(o ledger.OptOut) []string {
	return []string{o.Number, string(o.Scope), o.Value, string(o.Source), o.At.Format(time.RFC3339)}
}

func (a *app) optOutExport() *cobra.Command {
	var from source
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "Print the list as CSV, in the format that import reads",
		Example: "  anysms optout export > optouts.csv",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return from.with(cmd, func(r records) error {
				w := csv.NewWriter(a.Out)
				if err := w.Write([]string{"number", "scope", "value", "source", "at"}); err != nil {
					return err
				}
				for o, err := range r.OptOuts(cmd.Context(), "") {
					if err != nil {
						return err
					}
					if err := w.Write(optOutRow(o)); err != nil {
						return err
					}
				}
				w.Flush()
				return w.Error()
			})
		},
	}
	from.addTo(cmd)
	return cmd
}

func (a *app) optOutImport() *cobra.Command {
	var from source
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add the numbers of a CSV file",
		Long: `Add the numbers of a CSV file with the column number and, if need be, scope, value and
at (when they opted out); - is stdin. A row that cannot be read is reported with its
line and left out, the rest is added, and the exit code is then 1.`,
		Example: "  anysms optout import optouts.csv",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withInput(args[0], func(in io.Reader) error {
				return from.with(cmd, func(r records) error {
					return a.importOptOuts(cmd.Context(), r, args[0], in)
				})
			})
		},
	}
	from.addTo(cmd)
	return cmd
}

// importBatch is how many rows are added at once.
const importBatch = 500

func (a *app) importOptOuts(ctx context.Context, to records, name string, in io.Reader) error {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	columns := make(map[string]int)
	for i, c := range header {
		columns[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(c, "\ufeff")))] = i
	}
	if _, ok := columns["number"]; !ok {
		return fmt.Errorf("%s: there is no column number; the columns are: %s", name, strings.Join(header, ", "))
	}
	var batch []ledger.OptOut
	rows, added, wrong := 0, 0, 0
	flush := func() error {
		n, err := to.OptOut(ctx, batch...)
		added += n
		batch = batch[:0]
		if err != nil && added > 0 {
			return fmt.Errorf("%w; %d were added before that, and the file can be imported again", err, added)
		}
		return err
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var o ledger.OptOut
		if err == nil {
			o, err = optOutOf(columns, row)
		} else if _, syntax := errors.AsType[*csv.ParseError](err); !syntax {
			return errors.Join(fmt.Errorf("%s: %w", name, err), flush())
		}
		line, _ := r.FieldPos(0)
		if err != nil {
			wrong++
			fmt.Fprintf(a.Err, "%s:%d: %v\n", name, line, err)
			continue
		}
		rows++
		if batch = append(batch, o); len(batch) == importBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "added %d, known already %d, left out %d\n", added, rows-added, wrong)
	if wrong > 0 {
		return &cli.ExitError{Code: 1}
	}
	return nil
}

func optOutOf(columns map[string]int, row []string) (o ledger.OptOut, err error) {
	field := func(name string) string {
		if i, ok := columns[name]; ok && i < len(row) {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	o = ledger.OptOut{Scope: ledger.ScopeAll, Value: field("value"), Source: ledger.FromImport}
	if o.Number, err = parseNumber(field("number")); err != nil {
		return o, fmt.Errorf("number: %w", err)
	}
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
