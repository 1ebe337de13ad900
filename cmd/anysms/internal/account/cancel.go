package account

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

type cancelReport struct {
	ID       string          `json:"id"`
	Provider string          `json:"provider"`
	Status   provider.Status `json:"status"`
}

func (a *app) cancelCommand() *cobra.Command {
	var q question
	cmd := &cobra.Command{
		Use:     "cancel --provider P ID",
		GroupID: cli.GroupSend,
		Short:   "Cancel a scheduled message",
		Example: "  anysms cancel --provider athens 2f1c9a7e",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.id = args[0]
			return a.ask(cmd.Context(), &q, func(_ *config.Config, p provider.Provider) error {
				if err := provider.Cancel(cmd.Context(), p, args[0]); err != nil {
					return err
				}
				if q.format.JSON() {
					return a.PrintJSON(cancelReport{args[0], q.provider, provider.StatusCancelled})
				}
				_, err := fmt.Fprintf(a.Out, "%s: cancelled\n", args[0])
				return err
			})
		},
	}
	q.addTo(cmd)
	return cmd
}
