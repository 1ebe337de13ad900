package cost

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/rates"
)

const costHelp = `Show what the messages of a file would cost at each provider of a rate card, the
cheapest provider for each country, the savings at each level of transliteration,
and the edits that save most.

If a configuration has providers with the same names, a message that is too long
for one of them is not priced there. With --ask, vendors that offer quotes are
asked for the price of the first messages, and their prices are shown beside the
calculated ones.

Prices in different currencies are compared only with --currency-rate, or
currency_rates in the configuration: the value of one unit of each currency in a
common one.`

// costFlags are the flags of cost.
type costFlags struct {
	file       fileFlags
	config     cli.ConfigFlag
	format     cli.Format
	currencies []string
	ask        bool
	sample     int
}

func (a *app) costCommand() *cobra.Command {
	var flags costFlags
	cmd := &cobra.Command{
		Use:     "cost --file F --rates R",
		GroupID: cli.GroupCost,
		Short:   "Show what a campaign costs at each provider, and how to make it cheaper",
		Long:    costHelp,
		Example: `  anysms cost --file campaign.csv --rates rates.csv
  anysms cost --file campaign.csv --rates rates.csv --providers athens,sydney --currency-rate EUR=1,AUD=0.61
  anysms cost --file campaign.csv --config anysms.yaml --ask`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.file.check(cmd); err != nil {
				return err
			}
			if cmd.Flags().Changed("sample") && !flags.ask {
				return errors.New("--sample needs --ask")
			}
			return a.cost(cmd.Context(), &flags)
		},
	}
	flags.format.AddTo(cmd)
	flags.file.addTo(cmd)
	flags.config.AddTo(cmd)
	f := cmd.Flags()
	f.Lookup("to-column").DefValue, flags.file.to = "to", "to"
	f.StringSliceVar(&flags.currencies, "currency-rate", nil, "values of one unit of each currency, `CURRENCY=RATE,…`, such as EUR=1,AUD=0.61")
	f.BoolVar(&flags.ask, "ask", false, "ask the vendors for quotes; needs a configuration")
	f.IntVar(&flags.sample, "sample", 10, "with --ask: ask about the first `N` messages")
	_ = cmd.MarkFlagRequired("file") // it was just defined
	return cmd
}

// costs is the output of cost.
type costs struct {
	*analysis.Totals
	CheapestMix *analysis.Mix `json:"cheapest_mix"`
	Asked       []asked       `json:"asked,omitzero"` // with --ask
}

func (a *app) cost(ctx context.Context, flags *costFlags) error {
	worth, err := currencies(flags.currencies)
	if err != nil {
		return err
	}
	if flags.ask && flags.sample < 1 {
		return fmt.Errorf("--sample %d; want at least 1", flags.sample)
	}
	var conf *config.Config
	if flags.config.Path != "" || flags.ask {
		if conf, err = flags.config.Load(ctx); err != nil {
			return err
		}
		defer conf.Close()
		if flags.file.rates == "" {
			flags.file.rates = conf.Rates
		}
		if len(flags.currencies) == 0 {
			worth = conf.Currencies
		}
	}
	if flags.file.rates == "" && !flags.ask {
		return errors.New("no rate card: give --rates, or set rates in the configuration")
	}
	opts, err := flags.file.options()
	if err != nil {
		return err
	}
	opts.Characters, opts.Levels = true, true
	if conf != nil {
		limitPrices(opts.Prices, conf)
	}
	if err := checkComparable(opts.Prices, worth); err != nil {
		return err
	}
	if flags.ask {
		opts.First = flags.sample
	}
	page, err := createFile(flags.file.report, flags.file.path)
	if err != nil {
		return err
	}
	defer page.drop()
	totals, readErr := a.readFile(ctx, &flags.file, opts)
	if totals == nil {
		return readErr
	}
	all := costs{Totals: totals}
	if all.CheapestMix, err = totals.Cheapest(worth); err != nil {
		return err
	}
	if flags.ask {
		if all.Asked, err = ask(ctx, conf, totals.First); err != nil {
			return err
		}
	}
	if err := a.printCost(&all, opts, flags.format); err != nil {
		return err
	}
	if err := writeReport(page, totals, opts); err != nil {
		return err
	}
	return flags.file.verdict(totals, readErr)
}

func currencies(given []string) (rates.Currencies, error) {
	worth := make(map[string]string, len(given))
	for _, pair := range given {
		currency, rate, ok := strings.Cut(pair, "=")
		if !ok {
			return rates.Currencies{}, fmt.Errorf("--currency-rate %q; want CURRENCY=RATE such as AUD=0.61", pair)
		}
		worth[currency] = rate
	}
	return rates.NewCurrencies(worth)
}

// checkComparable reports, before a long file is read, that prices cannot be compared.
func checkComparable(prices []analysis.Price, worth rates.Currencies) error {
	for _, p := range prices {
		_, err := worth.Compare(provider.Money{Currency: prices[0].Book.Currency()}, provider.Money{Currency: p.Book.Currency()})
		if err != nil {
			return fmt.Errorf("%w; give --currency-rate, or fewer --providers", err)
		}
	}
	return nil
}

func (a *app) printCost(c *costs, opts *analysis.Options, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(c)
	}
	if err := a.printTotals(c.Totals, opts, format); err != nil {
		return err
	}
	if err := a.printMix(c.CheapestMix); err != nil {
		return err
	}
	if err := a.printLevels(c.Levels); err != nil {
		return err
	}
	return a.printAsked(c.Asked)
}

func (a *app) printMix(mix *analysis.Mix) error {
	if len(mix.Total) == 0 {
		return nil
	}
	line := "\nCheapest provider for each country, in total: " + moneyList(mix.Total)
	if mix.Without > 0 {
		line += fmt.Sprintf(", excluding %s to countries where no provider accepts and prices all of them", cli.Plural(mix.Without, "message"))
	}
	fmt.Fprintln(a.Out, line)
	var rows [][]string
	for _, c := range mix.Countries[:min(len(mix.Countries), shownCountries)] {
		if c.Provider == "" {
			rows = append(rows, []string{"  " + cli.OrDash(c.Country), "none", ""})
			continue
		}
		rows = append(rows, []string{"  " + cli.OrDash(c.Country), c.Provider, c.Cost.String()})
	}
	return a.Table(rows)
}

func (a *app) printLevels(levels []analysis.Level) error {
	rows := [][]string{}
	for _, l := range levels {
		if l.Saves > 0 {
			rows = append(rows, []string{"  " + l.Level.String(), "saves " + cli.Plural(l.Saves, "segment"), "in " + cli.Plural(l.Messages, "message"), moneyList(l.Cost)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(a.Out, "\nTransliteration:")
	return a.Table(rows)
}

// moneyList formats amounts by provider or currency.
func moneyList(amounts map[string]provider.Money) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(amounts)) {
		word := amounts[name].String()
		if name != amounts[name].Currency {
			word = name + " " + word
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}
