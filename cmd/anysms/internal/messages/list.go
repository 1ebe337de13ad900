package messages

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// selection is the flags that select messages.
type selection struct {
	ref, to, provider, tag string
	status, class          cli.OneOf
	since, until           string
	limit                  int
}

func (s *selection) addTo(cmd *cobra.Command, limit int) {
	var statuses []string
	for _, status := range ledger.Statuses() {
		statuses = append(statuses, string(status))
	}
	s.status.Words = statuses
	s.class.Words = []string{string(provider.OTP), string(provider.Transactional), string(provider.Marketing)}
	f := cmd.Flags()
	f.StringVar(&s.ref, "ref", "", "only the message with this `REF`")
	f.StringVar(&s.to, "to", "", "only messages to this `NUMBER`")
	f.StringVar(&s.provider, "provider", "", "only messages sent through the provider of this `NAME`")
	f.StringVar(&s.tag, "tag", "", "only messages with this `LABEL`")
	s.status.AddTo(cmd, "status", "only messages with this `STATUS`: "+strings.Join(statuses, ", "))
	s.class.AddTo(cmd, "class", "only messages of this class")
	f.StringVar(&s.since, "since", "", "only messages from this `TIME` on, such as 2026-11-21")
	f.StringVar(&s.until, "until", "", "only messages before this `TIME`")
	f.IntVar(&s.limit, "limit", limit, "at most this `NUMBER` of messages; 0 = all")
}

func checkLimit(limit int) error {
	if limit < 0 {
		return fmt.Errorf("--limit %d; want 1 or more, or 0 for all", limit)
	}
	return nil
}

func (s *selection) filter() (f ledger.Filter, err error) {
	f = ledger.Filter{
		Namespace: ledger.AllNamespaces, // those of the gateway's keys and hooks too
		Ref:       s.ref, Provider: s.provider, Tag: s.tag, Status: ledger.Status(s.status.Value), Class: provider.Class(s.class.Value),
		Limit: ledger.MaxLimit,
	}
	if err := checkLimit(s.limit); err != nil {
		return f, err
	}
	if s.to != "" {
		if f.To, err = parseNumber(s.to); err != nil {
			return f, fmt.Errorf("--to: %w", err)
		}
	}
	if f.Since, err = parseTime("since", s.since); err != nil {
		return f, err
	}
	if f.Until, err = parseTime("until", s.until); err != nil {
		return f, err
	}
	return f, checkSpan(f.Since, f.Until)
}

// each calls show for every message that is selected.
func (s *selection) each(ctx context.Context, r records, show func(*ledger.Message) error) error {
	f, err := s.filter()
	if err != nil {
		return err
	}
	for left := s.limit; ; {
		if s.limit > 0 {
			f.Limit = min(left, ledger.MaxLimit)
		}
		page, next, err := r.Messages(ctx, f)
		if err != nil {
			return err
		}
		for i := range page {
			if err := show(&page[i]); err != nil {
				return err
			}
		}
		left -= len(page)
		if f.Cursor = next; next == "" || s.limit > 0 && left == 0 {
			return nil
		}
	}
}

func (a *app) listCommand() *cobra.Command {
	var s selection
	var from place
	format := cli.OneOf{Value: "text", Words: []string{"text", "json", "csv"}}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List messages, the newest first",
		Long: `List messages, the newest first, without their attempts and events: "messages show"
prints these. With --server, texts are left out too. The statuses are explained in
"anysms messages show --help".`,
		Example: `  anysms messages list
  anysms messages list --status unknown
  anysms messages list --to +306900000001 --since 2026-11-01 --format json
  anysms messages list --server https://sms.example.com --key-file ops.key`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return from.with(cmd, func(r records) error {
				switch format.Value {
				case "json":
					return s.each(cmd.Context(), r, func(m *ledger.Message) error { return a.PrintJSON(m) })
				case "csv":
					return a.csvOf(cmd.Context(), r, &s)
				}
				rows := [][]string{{"created", "status", "to", "provider", "ref", "id"}}
				err := s.each(cmd.Context(), r, func(m *ledger.Message) error {
					rows = append(rows, []string{m.CreatedAt.Format(time.RFC3339), string(m.Status), cli.OrDash(m.To), cli.OrDash(m.Provider), m.Ref, m.ID})
					return nil
				})
				if err != nil {
					return err
				}
				if len(rows) == 1 {
					_, err := fmt.Fprintln(a.Err, "no messages")
					return err
				}
				return a.Table(rows)
			})
		},
	}
	s.addTo(cmd, ledger.DefaultLimit)
	format.AddTo(cmd, "format", "text for people, json or csv for programs")
	from.addTo(cmd)
	return cmd
}

// csvColumns are those of messages list and messages export.
var csvColumns = []string{
	"id", "ref", "status", "code", "message", "to", "from", "class", "tag", "country", "provider", "provider_id",
	"encoding", "segments", "amount", "currency", "estimated", "card_amount", "card_currency", "duplicate_possible", "created_at", "updated_at",
}

func csvRow(m *ledger.Message) []string {
	amount, currency, estimated := "", "", ""
	if m.Cost != nil {
		amount, currency, estimated = m.Cost.Amount(), m.Cost.Currency, strconv.FormatBool(m.Cost.Estimated)
	}
	cardAmount, cardCurrency := "", ""
	if m.CardPrice != nil {
		cardAmount, cardCurrency = m.CardPrice.Amount(), m.CardPrice.Currency
	}
	return []string{
		m.ID, m.Ref, string(m.Status), string(m.Code), m.Reason, m.To, m.From, string(m.Class), m.Tag, m.Country, m.Provider,
		m.ProviderID, m.Encoding, strconv.Itoa(m.Segments), amount, currency, estimated, cardAmount, cardCurrency,
		strconv.FormatBool(m.DuplicatePossible), m.CreatedAt.Format(time.RFC3339Nano), m.UpdatedAt.Format(time.RFC3339Nano),
	}
}

func (a *app) csvOf(ctx context.Context, r records, s *selection) error {
	return a.writeCSV(csvColumns, func(write func([]string) error) error {
		return s.each(ctx, r, func(m *ledger.Message) error { return write(csvRow(m)) })
	})
}

// writeCSV prints a header and rows. If the rows end with an error, those before it are
// whole.
func (a *app) writeCSV(header []string, rows func(write func([]string) error) error) error {
	w := csv.NewWriter(a.Out)
	err := w.Write(header)
	if err == nil {
		err = rows(w.Write)
	}
	w.Flush()
	return cmp.Or(err, w.Error())
}

func (a *app) exportCommand() *cobra.Command {
	var s selection
	var from place
	format := cli.OneOf{Value: "json", Words: []string{"json", "csv"}}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print all messages, with attempts and events",
		Long: `Print all messages, the newest first: as JSON Lines with their attempts and events, or
as CSV without them.`,
		Example: `  anysms messages export > messages.jsonl
  anysms messages export --since 2026-11-01 --until 2026-12-01 --format csv > november.csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return from.with(cmd, func(r records) error {
				if format.Value == "csv" {
					return a.csvOf(cmd.Context(), r, &s)
				}
				return s.each(cmd.Context(), r, func(m *ledger.Message) error {
					whole, err := r.Message(cmd.Context(), m.ID)
					if err != nil {
						return err
					}
					return a.PrintJSON(whole)
				})
			})
		},
	}
	s.addTo(cmd, 0)
	format.AddTo(cmd, "format", "json or csv")
	from.addTo(cmd)
	return cmd
}
