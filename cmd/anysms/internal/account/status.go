package account

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

type statusReport struct {
	ID           string          `json:"id"`
	Provider     string          `json:"provider"`
	Status       provider.Status `json:"status"`
	Final        bool            `json:"final"`
	Code         provider.Code   `json:"code"`
	VendorStatus string          `json:"vendor_status"`
	VendorCode   string          `json:"vendor_code"`
	At           *time.Time      `json:"at"`
	Segments     int             `json:"segments"`
	Cost         *provider.Money `json:"cost"`
}

func (a *app) statusCommand() *cobra.Command {
	var q question
	cmd := &cobra.Command{
		Use:     "status --provider P ID",
		GroupID: cli.GroupSend,
		Short:   "Ask a vendor for the delivery status of a message",
		Example: "  anysms status --provider athens 2f1c9a7e",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return q.ask(cmd.Context(), func(_ *config.Config, p provider.Provider) error {
				event, err := provider.ReadStatus(cmd.Context(), p, args[0])
				if err != nil {
					return err
				}
				return a.printStatus(q.provider, args[0], event, q.format)
			})
		},
	}
	q.addTo(cmd)
	return cmd
}

func (a *app) printStatus(name, id string, e *provider.Event, format cli.Format) error {
	r := statusReport{
		ID: id, Provider: name, Status: e.Status, Final: e.Final, Code: e.Code,
		VendorStatus: e.VendorStatus, VendorCode: e.VendorCode, Segments: e.Segments, Cost: e.Cost,
	}
	if !e.At.IsZero() {
		r.At = &e.At
	}
	if format.JSON() {
		return a.PrintJSON(r)
	}
	line := string(r.Status)
	if r.VendorStatus != "" {
		line += fmt.Sprintf(" (vendor status %q)", r.VendorStatus)
	}
	if r.Code != "" {
		line += ": " + string(r.Code)
	}
	if r.Final {
		line += ", final"
	}
	if r.At != nil {
		line += ", at " + r.At.Format(time.RFC3339)
	}
	_, err := fmt.Fprintln(a.Out, line)
	return err
}
