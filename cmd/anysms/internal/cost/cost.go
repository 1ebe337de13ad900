package cost

import (
	"cmp"
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

The file is read as by anysms analyse, whose help says more; its column of numbers
is called "to" unless --to-column names another one.

Each provider's total is in its own currency. Totals in different currencies are
compared, and shown in a common one, only with --currency-rate, or currency_rates
in the configuration: the value of one unit of each currency in a common one, which
has the rate 1.

If a configuration has providers with the same names, a message that is too long
for one of them is not priced there. With --ask, vendors that offer quotes are
asked for the price of the first messages, and their prices are shown beside the
calculated ones.`

// costFlags are the flags of cost.
type costFlags struct {
	file       fileFlags
	limits     limitFlags
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
  anysms cost --file campaign.csv --rates rates.csv --max-cost athens=250 --report cost.html
  anysms cost --file campaign.csv --config anysms.yaml --ask`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(flags.file.check(cmd), flags.limits.check(cmd)); err != nil {
				return err
			}
			switch {
			case cmd.Flags().Changed("sample") && !flags.ask:
				return errors.New("--sample needs --ask")
			case flags.ask && flags.sample < 1:
				return fmt.Errorf("--sample %d; want at least 1", flags.sample)
			}
			return a.cost(cmd.Context(), &flags)
		},
	}
	flags.format.AddTo(cmd)
	a.addFileFlags(&flags.file, cmd, "`COLUMN` with the numbers")
	flags.limits.addTo(cmd)
	flags.config.AddTo(cmd)
	f := cmd.Flags()
	f.Lookup("region").Usage += " (default: default_region of the configuration)"
	f.StringSliceVar(&flags.currencies, "currency-rate", nil, "values of one unit of each currency, `CURRENCY=RATE,…`, such as EUR=1,AUD=0.61")
	f.BoolVar(&flags.ask, "ask", false, "ask the vendors for quotes; needs a configuration")
	f.IntVar(&flags.sample, "sample", 10, "with --ask: ask about the first `N` messages")
	_ = cmd.MarkFlagRequired("file") // it was just defined
	return cmd
}

func (a *app) cost(ctx context.Context, flags *costFlags) error {
	worth, err := currencies(flags.currencies)
	if err != nil {
		return err
	}
	conf, err := a.configOf(ctx, flags)
	if err != nil {
		return err
	}
	j := &job{flags: &flags.file, limits: &flags.limits, format: flags.format}
	if conf != nil {
		defer conf.Close()
		j.read = append(j.read, role{conf.Path, "the configuration"})
		if flags.file.rates == "" {
			flags.file.rates = conf.Rates
		}
		flags.file.Region = cmp.Or(flags.file.Region, conf.DefaultRegion)
		if len(flags.currencies) == 0 {
			worth = conf.Currencies
		}
	}
	if flags.file.rates == "" && !flags.ask {
		return errors.New(`no rate card: give --rates FILE, a CSV with the columns provider, country, currency and price ("anysms rates --help"), or set rates in the configuration`)
	}
	if j.opts, err = a.options(ctx, &flags.file); err != nil {
		return err
	}
	j.opts.Characters, j.opts.Levels = true, true
	if conf != nil {
		limitPrices(j.opts.Prices, conf)
	}
	if flags.ask {
		j.opts.First = flags.sample
	}
	j.compare = func(f *findings) (err error) {
		if f.Comparison, err = f.Totals.Compare(worth); err != nil {
			return err
		}
		if flags.ask {
			f.Asked, err = ask(ctx, conf, f.First)
		}
		return err
	}
	return a.analyseFile(ctx, j)
}

// configOf loads the configuration: the one that is named, else, for what the flags
// do not say, the usual one if it exists. It is nil if there is none.
func (a *app) configOf(ctx context.Context, flags *costFlags) (*config.Config, error) {
	switch {
	case flags.ask:
		return flags.config.Load(ctx)
	case flags.config.Path != "", flags.file.rates == "" && flags.config.Exists():
		return a.LoadOffline(ctx, &flags.config)
	}
	return nil, nil
}

func currencies(given []string) (rates.Currencies, error) {
	worth := make(map[string]string, len(given))
	for _, pair := range given {
		currency, rate, ok := strings.Cut(pair, "=")
		if !ok {
			return rates.Currencies{}, fmt.Errorf("--currency-rate %q; want CURRENCY=RATE such as AUD=0.61", pair)
		}
		currency = strings.ToUpper(currency)
		if strings.EqualFold(currency, provider.Credits) {
			currency = provider.Credits
		}
		worth[currency] = rate
	}
	return rates.NewCurrencies(worth)
}

// printComparison prints the cheapest choice, or which rates it would need.
func (a *app) printComparison(f *findings, _ *analysis.Options) error {
	switch {
	case f.Comparison == nil:
		return nil
	case len(f.MissingRates) > 0:
		_, err := fmt.Fprintf(a.Out, "\nPrices in different currencies are not compared without their rates; missing: %s (--currency-rate).\n", strings.Join(f.MissingRates, ", "))
		return err
	case len(f.Mix.Total) == 0:
		return nil
	}
	line := "\nCheapest provider for each country, in total: " + moneyList(f.Mix.Total)
	if f.Converted() {
		line += " = " + cli.Money(f.Common.Mix)
	}
	if f.Mix.Without > 0 {
		line += fmt.Sprintf(", excluding %s to countries where no provider accepts and prices all of them", cli.Plural(f.Mix.Without, "message"))
	}
	fmt.Fprintln(a.Out, line)
	shown := f.Mix.Countries[:min(len(f.Mix.Countries), shownCountries)]
	var rows [][]string
	var costs []cli.Amount
	for _, c := range shown {
		name := c.Provider
		if name == "" {
			name = "none"
		}
		rows = append(rows, []string{"  " + cli.OrDash(c.Country), name})
		costs = append(costs, cli.Amount{Money: c.Cost})
	}
	for i, cell := range cli.Amounts(costs) {
		rows[i] = append(rows[i], cell)
	}
	return a.Table(rows)
}

func (a *app) printLevels(f *findings, _ *analysis.Options) error {
	rows := [][]string{}
	for _, l := range f.Levels {
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
		word := cli.Money(amounts[name])
		if name != amounts[name].Currency {
			word = name + " " + word
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}
