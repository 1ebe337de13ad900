package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	var wait waiting
	cmd := &cobra.Command{
		Use:     "status --provider P ID",
		GroupID: cli.GroupSend,
		Short:   "Ask a vendor for the delivery status of a message",
		Long:    statusHelp,
		Example: "  anysms status --provider athens 2f1c9a7e\n  anysms status --provider athens --wait --timeout 2m 2f1c9a7e",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wait.check(cmd); err != nil {
				return err
			}
			q.id = args[0]
			return a.ask(cmd.Context(), &q, func(c *config.Config, p provider.Provider) (err error) {
				if q.ledger, err = cli.OpenLedger(cmd.Context(), c); err != nil {
					return err
				}
				if q.ledger != nil {
					defer func() { err = errors.Join(err, q.ledger.Close()) }()
				}
				if wait.on {
					return a.waitForStatus(cmd.Context(), p, &q, &wait)
				}
				event, err := q.read(cmd.Context(), p)
				if err != nil && q.ledger != nil && strings.HasPrefix(q.id, "msg_") {
					return fmt.Errorf("%w; the vendor has ids of its own: for one of the database use \"anysms messages show %s\"", err, q.id)
				}
				if err != nil {
					return err
				}
				return a.printStatus(&q, event)
			})
		},
	}
	wait.addTo(cmd)
	q.addTo(cmd)
	return cmd
}

// read asks for the status, and records it where there is a ledger.
func (q *question) read(ctx context.Context, p provider.Provider) (*provider.Event, error) {
	event, err := provider.ReadStatus(ctx, p, q.id)
	if err == nil && q.ledger != nil {
		_, err = q.ledger.Record(ctx, q.provider, *event)
	}
	return event, err
}

func (a *app) printStatus(q *question, e *provider.Event) error {
	r := statusReport{
		ID: q.id, Provider: q.provider, Status: e.Status, Final: e.Final, Code: e.Code,
		VendorStatus: provider.Mask(e.VendorStatus), VendorCode: provider.Mask(e.VendorCode), Segments: e.Segments, Cost: e.Cost,
	}
	if !e.At.IsZero() {
		r.At = &e.At
	}
	if q.format.JSON() {
		return a.PrintJSON(r)
	}
	_, err := fmt.Fprintln(a.Out, r.line())
	return err
}

func (r *statusReport) line() string {
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
	return line
}
