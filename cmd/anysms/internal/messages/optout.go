package messages

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider/suggest"
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
	var from place
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
				if remote, _ := from.server.Given(cmd); !remote && scope.Value == string(ledger.ScopeProvider) {
					a.warnOfProvider(&from, value)
				}
				return nil
			})
		},
	}
	scope.AddTo(cmd, "scope", "what the opt-out holds for")
	cmd.Flags().StringVar(&value, "value", "", "the `NAME` of the provider, sender or class")
	from.addTo(cmd)
	return cmd
}

// warnOfProvider says that an opt-out holds for a provider that is not in the
// configuration.
func (a *app) warnOfProvider(from *place, name string) {
	if names := from.conf.Providers(); len(names) > 0 && !slices.Contains(names, name) {
		fmt.Fprintf(a.Err, "warning: the configuration has no provider %q%s\n", name, suggest.DidYouMean(name, names))
	}
}

func (a *app) optOutRemove() *cobra.Command {
	var from place
	cmd := &cobra.Command{
		Use:     "remove NUMBER…",
		Short:   "Remove numbers from the list, in every scope",
		Example: "  anysms optout remove +306900000001",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			numbers := make([]string, len(args))
			for i, arg := range args { // before any is removed
				var err error
				if numbers[i], err = parseNumber(arg); err != nil {
					return err
				}
			}
			return from.with(cmd, func(r records) error {
				missing := 0
				for _, number := range numbers {
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
	var from place
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
	var from place
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "Print the list as CSV, in the format that import reads",
		Example: "  anysms optout export > optouts.csv",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return from.with(cmd, func(r records) error {
				return a.writeCSV([]string{"number", "scope", "value", "source", "at"}, func(write func([]string) error) error {
					for o, err := range r.OptOuts(cmd.Context(), "") {
						if err != nil {
							return err
						}
						if err := write(optOutRow(o)); err != nil {
							return err
						}
					}
					return nil
				})
			})
		},
	}
	from.addTo(cmd)
	return cmd
}
