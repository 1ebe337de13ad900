package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

type cancelReport struct {
	ID       string          `json:"id"`
	Provider string          `json:"provider"`
	Status   provider.Status `json:"status"`
}

func (a *app) cancelCommand() *cobra.Command {
	var format outputFormat
	var conf configFlag
	var name string
	cmd := &cobra.Command{
		Use:     "cancel --provider P ID",
		GroupID: groupSend,
		Short:   "Withdraw a scheduled message",
		Example: "  anysms cancel --provider athens 2f1c9a7e",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return conf.ask(cmd.Context(), name, func(_ *config.Config, p provider.Provider) error {
				if err := provider.Cancel(cmd.Context(), p, args[0]); err != nil {
					return err
				}
				if format.json() {
					return a.printJSON(cancelReport{args[0], name, provider.StatusCancelled})
				}
				_, err := fmt.Fprintf(a.out, "%s: cancelled\n", args[0])
				return err
			})
		},
	}
	format.addTo(cmd)
	conf.addTo(cmd)
	requireProvider(cmd, &name)
	return cmd
}
