package messages

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/webhook"
)

func (a *app) eraseCommand() *cobra.Command {
	var conf cli.ConfigFlag
	var to string
	cmd := &cobra.Command{
		Use:   "erase --to N | --old",
		Short: "Erase a person's number and texts, or old messages",
		Long: `Erase a number, and the texts to and from it, from all messages and events. The messages
keep their outcomes, with a keyed hash in place of the number. An opt-out stays in force.

Without --to, messages older than ledger.retention are deleted, and texts older than
ledger.settle.`,
		Example: "  anysms messages erase --to +306900000001\n  anysms messages erase --old",
		Args:    cobra.NoArgs,
	}
	var old bool
	cmd.Flags().StringVar(&to, "to", "", "remove this `NUMBER`")
	cmd.Flags().BoolVar(&old, "old", false, "delete what is older than the retention")
	conf.AddTo(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if (to == "") == !old {
			return errors.New("give --to or --old, and not both")
		}
		return with(cmd.Context(), &conf, func(l *ledger.Ledger) error {
			if old {
				p, err := l.Prune(cmd.Context())
				fmt.Fprintf(a.Err, "deleted %s and %s; erased %s\n", cli.Plural(p.Messages, "message"), cli.Plural(p.Events, "event"), cli.Plural(p.Texts, "text"))
				return err
			}
			number, err := parseNumber(to)
			if err != nil {
				return fmt.Errorf("--to: %w", err)
			}
			n, err := l.Erase(cmd.Context(), number)
			if err != nil && n > 0 {
				return fmt.Errorf("%w; %s had been erased before that: run it again", err, cli.Plural(n, "message"))
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Err, "erased the number from %s\n", cli.Plural(n, "message"))
			return nil
		})
	}
	return cmd
}

type statLine struct {
	ledger.Stat
	DeliveryRate float64          `json:"delivery_rate"`
	LatencyMS    float64          `json:"latency_ms"`
	DeliveryP50  float64          `json:"delivery_p50_ms"`
	DeliveryP95  float64          `json:"delivery_p95_ms"`
	Charged      []provider.Money `json:"charged,omitempty"`
	CardPrice    []provider.Money `json:"card_price,omitempty"`
	Difference   []provider.Money `json:"difference,omitempty"`
	Estimated    []provider.Money `json:"estimated,omitempty"`
}

func (a *app) statsCommand() *cobra.Command {
	var conf cli.ConfigFlag
	var format cli.Format
	var since, until string
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Show attempts, delivery rates and prices by provider, country and day",
		Long: `Show statistics by provider, country and day (UTC): the outcomes of attempts, the delivery
rate among messages with a final report, the duration of attempts, the time to delivery
(p50 and p95), and prices: what the vendors charged according to receipts and reports;
the price of the same messages by the rate card; the difference, over messages that have
both in one currency (+ means dearer than the rate card); and the estimate by the rate
card for messages whose vendor names no price.`,
		Example: "  anysms messages stats\n  anysms messages stats --since 2026-11-01 --until 2026-12-01 --format json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := parseTime("since", since)
			if err != nil {
				return err
			}
			to, err := parseTime("until", until)
			if err != nil {
				return err
			}
			if err := checkSpan(from, to); err != nil {
				return err
			}
			if to.IsZero() {
				to = time.Now().Add(time.Hour)
			}
			if from.IsZero() {
				from = to.AddDate(0, 0, -7)
			}
			return with(cmd.Context(), &conf, func(l *ledger.Ledger) error {
				stats, err := l.Stats(cmd.Context(), from, to)
				if err != nil {
					return err
				}
				return a.printStats(stats, format)
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "from this `TIME` on (default: 7 days ago)")
	cmd.Flags().StringVar(&until, "until", "", "before this `TIME` (default: now)")
	conf.AddTo(cmd)
	format.AddTo(cmd)
	return cmd
}

func (a *app) printStats(stats []ledger.Stat, format cli.Format) error {
	rows := [][]string{{"day", "provider", "country", "attempts", "accepted", "refused", "not sent", "unknown", "delivered", "failed", "rate", "latency", "delivery p50", "p95", "charged", "rate card", "difference", "estimated"}}
	for _, s := range stats {
		if format.JSON() {
			line := statLine{
				s, s.DeliveryRate(), milliseconds(s.Latency), milliseconds(s.DeliveryP50), milliseconds(s.DeliveryP95), s.Charged, s.CardPrice, s.Difference, s.Estimated,
			}
			if err := a.PrintJSON(line); err != nil {
				return err
			}
			continue
		}
		rate := "-"
		if s.Delivered+s.Failed > 0 {
			rate = fmt.Sprintf("%.1f %%", 100*s.DeliveryRate())
		}
		rows = append(rows, []string{
			s.Day, s.Provider, cli.OrDash(s.Country), strconv.Itoa(s.Attempts), strconv.Itoa(s.Accepted), strconv.Itoa(s.Refused),
			strconv.Itoa(s.NotSent), strconv.Itoa(s.Unknown), strconv.Itoa(s.Delivered), strconv.Itoa(s.Failed), rate,
			s.Latency.Round(time.Millisecond).String(), delay(s.DeliveryP50), delay(s.DeliveryP95), amounts(s.Charged, provider.Money.String),
			amounts(s.CardPrice, provider.Money.String), amounts(s.Difference, signed), amounts(s.Estimated, provider.Money.String),
		})
	}
	if format.JSON() {
		return nil
	}
	return a.Table(rows)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// delay shows how long deliveries took; "-" = there were none.
func delay(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return d.Round(10 * time.Millisecond).String()
}

func amounts(list []provider.Money, show func(provider.Money) string) string {
	var words []string
	for _, m := range list {
		words = append(words, show(m))
	}
	return strings.Join(words, ", ")
}

// signed shows an amount with its sign.
func signed(m provider.Money) string {
	if m.Micros > 0 {
		return "+" + m.String()
	}
	return m.String()
}

func (a *app) pollCommand() *cobra.Command {
	var conf cli.ConfigFlag
	var limit int
	cmd := &cobra.Command{
		Use:   "poll",
		Short: "Fetch statuses and replies from vendors, and record them",
		Long: `Fetch the status of messages that have no final report yet, and incoming messages since
the last poll, from the vendors that offer this. Run it regularly, for vendors that
cannot call a URL of yours.`,
		Example: "  anysms messages poll\n  anysms messages poll --limit 1000",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withProviders(cmd.Context(), &conf, func(c *config.Config, l *ledger.Ledger) error {
				return a.poll(cmd.Context(), c, l, limit)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 500, "ask each vendor for at most this `NUMBER` of statuses")
	conf.AddTo(cmd)
	return cmd
}

func (a *app) poll(ctx context.Context, c *config.Config, l *ledger.Ledger, limit int) error {
	var failed error
	for _, p := range c.Providers {
		var total ledger.Recorded
		if p.Capabilities().Has(provider.HasInbox) {
			counts, err := webhook.PollInbox(ctx, l, p.Name, p.Provider)
			failed = errors.Join(failed, err)
			total.Add(counts)
		}
		if p.Capabilities().Has(provider.HasStatus) {
			counts, err := webhook.PollStatus(ctx, l, p.Name, p.Provider, limit)
			failed = errors.Join(failed, err)
			total.Add(counts)
		}
		fmt.Fprintf(a.Err, "%s: %s, %d settled doubt\n", p.Name, cli.Plural(total.New, "new event"), total.Settled)
	}
	return failed
}
