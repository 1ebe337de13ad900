package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/demo"
)

const demoHelp = `Show what happens when a vendor fails. No configuration, no account, no network.

Two fake vendors run on this machine, driven by the real drivers over real HTTP.
Some 250 real messages are sent through the router while the first vendor goes
down, comes back, and then takes messages without answering. At the end, what the
router said of each message is compared with what the vendors' own ledgers have.`

func (a *app) demoCommand() *cobra.Command {
	var format outputFormat
	var pace time.Duration
	cmd := &cobra.Command{
		Use:     "demo",
		GroupID: groupSend,
		Short:   "Show what happens when a vendor fails",
		Long:    demoHelp,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if pace <= 0 {
				return fmt.Errorf("--pace %s; want a duration above zero, such as 25ms", pace)
			}
			out := a.out
			if format.json() {
				out = a.err
			}
			screen := newDemoScreen(out)
			ledger, err := demo.Run(cmd.Context(), screen.options(pace))
			if err != nil {
				return err
			}
			screen.ledger(ledger, cmd.Context().Err() != nil)
			if format.json() {
				if err := a.printJSON(ledger); err != nil {
					return err
				}
			}
			return demoVerdict(ledger, cmd.Context().Err())
		},
	}
	cmd.Flags().DurationVar(&pace, "pace", 25*time.Millisecond, "time between two messages")
	format.addTo(cmd)
	return cmd
}

func demoVerdict(ledger *demo.Ledger, interrupted error) error {
	switch {
	case !ledger.Sound():
		return &exitError{code: exitRefused, cause: errors.New("the router's word and the vendors' ledgers do not agree")}
	case interrupted != nil:
		return &exitError{code: exitRefused, cause: errors.New("interrupted; the ledger is of what was sent before")}
	}
	return nil
}
