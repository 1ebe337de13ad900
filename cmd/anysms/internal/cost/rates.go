package cost

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/encoding/segment"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router/numbering"
	"github.com/anysms/anysms/router/rates"
)

const ratesHelp = `A rate card is a CSV file with the header

  provider,country,prefix,mccmnc,currency,price,effective_from

A row applies to numbers that match its country (GR), prefix (digits without
plus: 3069) and network (20210); an empty field matches any. The most specific
row wins: network, then the longest prefix, then country, then the provider's
default; among equals the latest effective_from that is not in the future. The
price is per segment, a decimal number with at most six decimals. A provider has
one currency, or "credits". A destination without a row has no price; it is not
free.

The file may also be separated by semicolons or tabs, compressed, and in another
character set; header, countries and currencies may be in any case, and prices with
a decimal comma where it cannot be a thousands separator (0,05 but not 1,234).`

func (a *app) ratesCommand() *cobra.Command {
	return cli.Parent("rates", cli.GroupCost, "Check a rate card, or look up a price in it", ratesHelp,
		a.ratesCheckCommand(), a.ratesQuoteCommand())
}

func (a *app) ratesCheckCommand() *cobra.Command {
	var format cli.Format
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Find suspicious rows: duplicate, shadowed, contradictory, missing",
		Long: `Find suspicious rows: the same destination twice (duplicate), a row replaced by
a newer one (shadowed), a prefix outside the row's own country (contradiction), a
destination that one provider has and another lacks (gap), and rows that are not
yet effective (future). Exit code 1 if there are any but future ones.`,
		Example: "  anysms rates check rates.csv",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			card, err := a.readCard(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			warnings := card.Check(time.Now(), numbering.Regions)
			if len(warnings) == 0 && !format.JSON() {
				_, err := fmt.Fprintf(a.Out, "%s is valid: %s\n", args[0], cli.Plural(len(card.Providers()), "provider"))
				return err
			}
			return a.reportWarnings(args[0], warnings, format)
		},
	}
	format.AddTo(cmd)
	return cmd
}

func (a *app) reportWarnings(name string, warnings []rates.Warning, format cli.Format) error {
	wrong := 0
	for _, f := range warnings {
		if f.Rule != "future" {
			wrong++
		}
	}
	if format.JSON() {
		if warnings == nil {
			warnings = []rates.Warning{}
		}
		if err := a.PrintJSON(warnings); err != nil {
			return err
		}
	} else {
		for _, f := range warnings {
			fmt.Fprintf(a.Out, "%s: %s: %s\n", place(name, f.Line), f.Rule, f.Message)
		}
	}
	if wrong > 0 {
		return &cli.ExitError{Code: cli.ExitRefused, Cause: fmt.Errorf("%s: %s", name, cli.Plural(wrong, "warning"))}
	}
	return nil
}

// place is a line of a file, or the whole file for line 0.
func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// quotation is a price of a rate card.
type quotation struct {
	Provider string          `json:"provider"`
	Segments int             `json:"segments"`
	Price    *provider.Money `json:"price"` // per segment; null = the card has none
	Cost     *provider.Money `json:"cost"`  // of all segments
	Row      string          `json:"row"`   // the row that applies
}

func (a *app) ratesQuoteCommand() *cobra.Command {
	var (
		format           cli.Format
		card, to, region string
		text, network    string
	)
	cmd := &cobra.Command{
		Use:   "quote --rates R --to N",
		Short: "Show what a message to a number costs at each provider, and which row applies",
		Example: `  anysms rates quote --rates rates.csv --to +306941234567
  anysms rates quote --rates rates.csv --to 6941234567 --region GR --text "Γεια σου"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if network != "" && !isNetwork(network) {
				return fmt.Errorf("--mccmnc %q; want 5 or 6 digits such as 20210", network)
			}
			rateCard, err := a.readCard(cmd.Context(), card)
			if err != nil {
				return err
			}
			n, verdict, err := numbering.Parse(to, region)
			if err != nil {
				return &cli.ExitError{Code: cli.ExitRefused, Cause: err}
			}
			analysis, err := segment.Analyze(text, nil)
			if err != nil {
				return &cli.ExitError{Code: cli.ExitRefused, Cause: err}
			}
			return a.printQuotations(quotations(rateCard, n, verdict.Region, network, analysis.Segments), format)
		},
	}
	format.AddTo(cmd)
	flags := cmd.Flags()
	flags.StringVar(&card, "rates", "", "rate card, a CSV `FILE`")
	flags.StringVar(&to, "to", "", "recipient's `NUMBER`")
	flags.StringVar(&region, "region", "", "`COUNTRY` of a number without a calling code, such as GR; international: only the plus sign is missing")
	flags.StringVar(&network, "mccmnc", "", "`MCCMNC` of the number's network, such as 20210, if known")
	flags.StringVar(&text, "text", "", "`TEXT`, to count its segments (default: one segment)")
	for _, name := range []string{"rates", "to"} {
		_ = cmd.MarkFlagRequired(name) // both were just defined
	}
	return cmd
}

func isNetwork(s string) bool {
	return (len(s) == 5 || len(s) == 6) && strings.Trim(s, "0123456789") == ""
}

func quotations(card *rates.Card, to e164.Number, country, network string, segments int) []quotation {
	list := []quotation{}
	for _, name := range card.Providers() {
		q := quotation{Provider: name, Segments: segments}
		price, row, ok := card.Book(name, time.Now()).Price(rates.Destination{Number: to, Country: country, MCCMNC: network})
		if ok {
			q.Price, q.Row = &price, row.String()
			if cost, err := price.Mul(segments); err == nil {
				q.Cost = &cost
			}
		}
		list = append(list, q)
	}
	return list
}

func (a *app) printQuotations(list []quotation, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(list)
	}
	var prices, costs []cli.Amount
	for _, q := range list {
		price, cost := cli.Amount{Money: q.Price}, cli.Amount{Money: q.Cost}
		switch {
		case q.Price == nil:
			price.Words = "no price"
		case q.Cost == nil:
			cost.Words = "too large"
		}
		prices, costs = append(prices, price), append(costs, cost)
	}
	eachSegment, total := cli.Amounts(prices), cli.Amounts(costs)
	rows := [][]string{{"provider", "per segment", "segments", "cost", "row"}}
	for i, q := range list {
		rows = append(rows, []string{q.Provider, eachSegment[i], cli.Grouped(q.Segments), total[i], q.Row})
	}
	return a.Table(rows)
}
