package cost

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/provider/suggest"
	"github.com/anysms/anysms/router/rates"
)

// fileFlags are the flags that go with --file.
type fileFlags struct {
	input.Flags
	network                  string
	rates                    string
	providers                []string
	annotate, report         string
	bom                      bool
	duplicates, allowInvalid bool
}

// onlyWithFile are the flags that need --file.
func onlyWithFile() []string {
	return append(input.Names(), "region", "network-column", "rates", "providers", "annotate", "bom", "report", "duplicates", "allow-invalid")
}

func (a *app) addFileFlags(f *fileFlags, cmd *cobra.Command, to string) {
	f.AddTo(cmd, "`FILE` with the texts; - is stdin", to)
	flags := cmd.Flags()
	flags.StringVar(&f.Region, "region", "", "`COUNTRY` of numbers without a calling code, such as GR; international: only the plus sign is missing")
	flags.StringVar(&f.network, "network-column", "", "`COLUMN` with the networks (MCCMNC), for prices by network")
	flags.StringVar(&f.rates, "rates", "", "rate card, a CSV `FILE`, for the cost at each provider")
	flags.StringSliceVar(&f.providers, "providers", nil, "comma-separated `NAMES` of providers of the rate card to include (default: all)")
	_ = cmd.RegisterFlagCompletionFunc("providers", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		card, err := a.readCard(cmd.Context(), f.rates)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return card.Providers(), cobra.ShellCompDirectiveNoFileComp
	}) // just defined
	flags.BoolVar(&f.duplicates, "duplicates", false, "find duplicate rows: same number and same text")
	flags.StringVar(&f.annotate, "annotate", "", "write a copy of the rows to this CSV `FILE`, with the findings in added columns")
	flags.BoolVar(&f.bom, "bom", false, "with --annotate: start the file with a byte order mark, by which Excel recognises UTF-8")
	flags.StringVar(&f.report, "report", "", "write an HTML report to this `FILE`; it includes the longest texts")
	flags.BoolVar(&f.allowInvalid, "allow-invalid", false, "exit with 0 even if rows are invalid")
}

// check rejects flags that cannot be combined.
func (f *fileFlags) check(cmd *cobra.Command) error {
	if f.bom && f.annotate == "" {
		return errors.New("--bom needs --annotate")
	}
	return f.Check(cmd)
}

// options returns the options of the analysis. It reads the rate card, but not the
// file.
func (a *app) options(ctx context.Context, f *fileFlags) (*analysis.Options, error) {
	opts := &analysis.Options{NetworkColumn: f.network, Number: checkNumber(f.Region), Duplicates: f.duplicates}
	if f.report != "" {
		opts.Worst = worstInReport
	}
	var err error
	opts.Prices, err = a.prices(ctx, f)
	return opts, err
}

// worstInReport is the number of longest texts in a report.
const worstInReport = 10

func (a *app) prices(ctx context.Context, f *fileFlags) ([]analysis.Price, error) {
	if f.rates == "" {
		if len(f.providers) > 0 {
			return nil, errors.New("--providers needs --rates")
		}
		return nil, nil
	}
	if f.To == "" {
		return nil, errors.New("--rates needs a column of numbers, as prices depend on them; leave --to-column \"\" out")
	}
	card, err := a.readCard(ctx, f.rates)
	if err != nil {
		return nil, err
	}
	names := f.providers
	if len(names) == 0 {
		names = card.Providers()
	}
	var prices []analysis.Price
	for _, name := range names {
		if card.Currency(name) == "" {
			return nil, fmt.Errorf("%s has no provider %q%s; want one of %s", f.rates, name, suggest.DidYouMean(name, card.Providers()), strings.Join(card.Providers(), ", "))
		}
		prices = append(prices, analysis.Price{Provider: name, Book: card.Book(name, time.Now())})
	}
	return prices, nil
}

// readCard reads a rate card, in any compression and character set of the files of
// messages.
func (a *app) readCard(ctx context.Context, path string) (*rates.Card, error) {
	from, err := source.Open(ctx, path, a.In, "")
	if err != nil {
		return nil, err
	}
	defer from.Close()
	if from.Spreadsheet {
		return nil, fmt.Errorf("%s is a workbook; save the rate card as CSV", path)
	}
	return rates.Read(from, path)
}
