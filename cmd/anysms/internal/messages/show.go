package messages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

const showHelp = `Show a message with its attempts and the delivery reports of vendors. The argument is the
id that "messages list" prints, or the ref.

  queued       not tried yet
  sending      an attempt is in progress
  accepted     a vendor accepted it
  sent         the vendor passed it on to the network
  delivered    it reached the recipient
  undelivered, expired, rejected
               a vendor accepted it, but it did not reach the recipient
  refused      the message itself cannot be sent
  not_sent     no vendor accepted it; it is safe to try again
  unknown      a vendor may have accepted it: ask the vendor, then run
               "anysms resolve --ref REF --as accepted" or "--as not_sent"
  cancelled    it was cancelled before it was sent

An attempt marked as contradicted had been proven not to have reached the vendor, but the
vendor reported on it nevertheless.`

func (a *app) showCommand() *cobra.Command {
	var from place
	var format cli.Format
	cmd := &cobra.Command{
		Use:     "show ID|REF",
		Short:   "Show one message with its attempts and events",
		Long:    showHelp,
		Example: "  anysms messages show msg_0193f1c2-6a7b-7c3d-8e4f-0123456789ab\n  anysms messages show order-17 --format json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "" {
				return errors.New("the id or ref must not be empty")
			}
			return from.with(cmd, func(r records) error {
				m, err := find(cmd.Context(), r, args[0])
				if err != nil {
					return err
				}
				if format.JSON() {
					return a.PrintJSON(m)
				}
				return a.show(m)
			})
		},
	}
	from.addTo(cmd)
	format.AddTo(cmd)
	return cmd
}

// find returns the message with an id, or the latest with a ref.
func find(ctx context.Context, r records, name string) (*ledger.Message, error) {
	m, err := r.Message(ctx, name)
	if !errors.Is(err, ledger.ErrNotFound) {
		return m, err
	}
	page, _, err := r.Messages(ctx, ledger.Filter{Namespace: ledger.AllNamespaces, Ref: name, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(page) == 0 {
		return nil, fmt.Errorf("the ledger has no message with the id or ref %q", name)
	}
	return r.Message(ctx, page[0].ID)
}

func (a *app) show(m *ledger.Message) error {
	rows := [][]string{{"id", m.ID}, {"ref", m.Ref}, {"status", string(m.Status)}}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	add("code", string(m.Code))
	add("reason", m.Reason)
	add("to", m.To)
	add("from", m.From)
	add("class", string(m.Class))
	add("tag", m.Tag)
	add("provider", m.Provider)
	add("provider id", m.ProviderID)
	if m.Segments > 0 {
		add("segments", fmt.Sprintf("%d (%s)", m.Segments, m.Encoding))
	}
	add("price", priceText(m))
	if m.DuplicatePossible {
		add("duplicate", "possible")
	}
	add("created", m.CreatedAt.Format(time.RFC3339))
	add("updated", m.UpdatedAt.Format(time.RFC3339))
	if err := a.Table(rows); err != nil {
		return err
	}
	if err := a.showAttempts(m.Attempts); err != nil {
		return err
	}
	return a.showEvents(m.Events)
}

// priceText is what the message costs: what the vendor charges beside the rate card.
func priceText(m *ledger.Message) string {
	switch {
	case m.Cost == nil:
		return ""
	case m.Cost.Estimated:
		return m.Cost.String() + " by the rate card; the vendor has not named a price"
	case m.CardPrice == nil:
		return m.Cost.String() + " charged by the vendor"
	}
	return m.Cost.String() + " charged by the vendor, " + m.CardPrice.String() + " by the rate card"
}

func (a *app) showAttempts(attempts []ledger.Attempt) error {
	if len(attempts) == 0 {
		return nil
	}
	rows := [][]string{{"attempt", "provider", "outcome", "code", "provider id", "charged", "rate card", "reason"}}
	for _, t := range attempts {
		outcome := string(t.Outcome)
		switch {
		case outcome == "":
			outcome = "under way"
		case t.Contradicted:
			outcome += ", contradicted by a report"
		case t.Settled != t.Outcome:
			outcome += ", settled as " + string(t.Settled)
		}
		rows = append(rows, []string{t.StartedAt.Format(time.RFC3339), t.Provider, outcome, string(t.Code), t.ProviderID, moneyText(t.Charged), moneyText(t.CardPrice), t.Reason})
	}
	fmt.Fprintln(a.Out)
	return a.Table(rows)
}

func moneyText(m *provider.Money) string {
	if m == nil {
		return "-"
	}
	return m.String()
}

func (a *app) showEvents(events []ledger.Event) error {
	if len(events) == 0 {
		return nil
	}
	rows := [][]string{{"received", "vendor time", "provider", "event", "vendor's word"}}
	for _, e := range events {
		what, at := string(e.Status), "-"
		if e.Segment != nil {
			what = fmt.Sprintf("segment %d of %d: %s", e.Segment.Number, e.Segment.Of, e.Segment.Status)
		}
		if e.Kind != provider.Report {
			what = string(e.Kind)
		}
		if !e.At.IsZero() {
			at = e.At.Format(time.RFC3339)
		}
		rows = append(rows, []string{e.ReceivedAt.Format(time.RFC3339), at, e.Provider, what, e.VendorStatus})
	}
	fmt.Fprintln(a.Out)
	return a.Table(rows)
}
