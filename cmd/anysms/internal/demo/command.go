package demo

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

const help = `Show what happens when a vendor fails, without configuration, account or network.

Two fake vendors run on this machine; the real drivers talk to them over HTTP.
About 250 messages are sent through the router while the first vendor goes down,
comes back, and then accepts messages but drops the connection before it replies.
At the end, the result of each message is compared with what the vendors received.

With --serve the messages are posted to "anysms serve" over the same vendors, and the
address of its page is printed. It runs until Ctrl-C.`

// Command returns the command demo.
func Command(a *cli.App) *cobra.Command {
	var format cli.Format
	var pace time.Duration
	var serving bool
	cmd := &cobra.Command{
		Use:     "demo",
		GroupID: cli.GroupSend,
		Short:   "Show what happens when a vendor fails",
		Long:    help,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if pace <= 0 {
				return fmt.Errorf("--pace %s; want a positive duration such as 25ms", pace)
			}
			if serving {
				return serve(cmd.Context(), a.Out, pace)
			}
			out := a.Out
			if format.JSON() {
				out = a.Err
			}
			screen := newScreen(out)
			ledger, err := Run(cmd.Context(), screen.options(pace))
			if err != nil {
				return err
			}
			screen.ledger(ledger, cmd.Context().Err() != nil)
			if format.JSON() {
				if err := a.PrintJSON(ledger); err != nil {
					return err
				}
			}
			return verdict(ledger, cmd.Context().Err())
		},
	}
	cmd.Flags().DurationVar(&pace, "pace", 25*time.Millisecond, "time between two messages")
	cmd.Flags().BoolVar(&serving, "serve", false, "run the gateway over the vendors, until Ctrl-C")
	format.AddTo(cmd)
	return cmd
}

func verdict(ledger *Ledger, interrupted error) error {
	switch {
	case !ledger.Sound():
		return &cli.ExitError{Code: cli.ExitRefused, Cause: errors.New("the results and what the vendors received do not match")}
	case interrupted != nil:
		return &cli.ExitError{Code: cli.ExitRefused, Cause: errors.New("interrupted; the comparison covers the messages sent until then")}
	}
	return nil
}
