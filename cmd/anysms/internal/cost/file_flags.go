package cost

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/cmd/anysms/internal/table"
	"github.com/anysms/anysms/router/numbering"
	"github.com/anysms/anysms/router/rates"
)

// fileFlags are the flags that go with --file.
type fileFlags struct {
	path, text, to, network, region string
	template, charset, sheet        string
	delimiter                       cli.OneOf
	rates                           string
	providers                       []string
	annotate, report                string
	duplicates, allowInvalid        bool
}

// onlyWithFile are the flags that need --file.
var onlyWithFile = []string{
	"text-column", "to-column", "network-column", "template", "region", "delimiter", "charset", "sheet",
	"rates", "providers", "annotate", "report", "duplicates", "allow-invalid",
}

func (f *fileFlags) addTo(cmd *cobra.Command) {
	f.delimiter.Words = []string{"comma", "semicolon", "tab", "none"}
	flags := cmd.Flags()
	flags.StringVarP(&f.path, "file", "f", "", "`FILE` with the texts; - is stdin")
	flags.StringVar(&f.text, "text-column", "text", "`COLUMN` with the texts")
	flags.StringVar(&f.template, "template", "", "make each text from this `TEMPLATE` and the columns that it names, such as \"Hi {name}\"")
	flags.StringVar(&f.to, "to-column", "", "`COLUMN` with the numbers; without it, numbers are not validated")
	flags.StringVar(&f.network, "network-column", "", "`COLUMN` with the networks (MCCMNC), for prices by network")
	flags.StringVar(&f.region, "region", "", "`COUNTRY` of numbers without a calling code, such as GR")
	f.delimiter.AddTo(cmd, "delimiter", "field delimiter; none means one text per line (default: detect)")
	flags.StringVar(&f.charset, "charset", "", "`CHARSET`, such as windows-1253 (default: detect)")
	_ = cmd.RegisterFlagCompletionFunc("charset", cobra.FixedCompletions(source.Charsets(), cobra.ShellCompDirectiveNoFileComp)) // just defined
	flags.StringVar(&f.sheet, "sheet", "", "`WORKSHEET` of an XLSX workbook (default: the first)")
	flags.StringVar(&f.rates, "rates", "", "rate card, a CSV `FILE`, for the cost at each provider; needs --to-column")
	flags.StringSliceVar(&f.providers, "providers", nil, "comma-separated `NAMES` of providers of the rate card to include (default: all)")
	flags.BoolVar(&f.duplicates, "duplicates", false, "find duplicate rows: same number and same text")
	flags.StringVar(&f.annotate, "annotate", "", "write a copy of the rows to this CSV `FILE`, with the findings in added columns")
	flags.StringVar(&f.report, "report", "", "write an HTML report to this `FILE`; it includes the longest texts")
	flags.BoolVar(&f.allowInvalid, "allow-invalid", false, "exit with 0 even if rows are invalid")
}

// withoutFile rejects flags that need --file.
func withoutFile(cmd *cobra.Command) error {
	for _, name := range onlyWithFile {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s needs --file", name)
		}
	}
	return nil
}

// check rejects flags that cannot be combined.
func (f *fileFlags) check(cmd *cobra.Command) error {
	switch given := cmd.Flags().Changed; {
	case given("template") && f.template == "":
		return errors.New("--template must not be empty; want a text such as \"Hi {name}\"")
	case given("template") && given("text-column"):
		return errors.New("give --template or --text-column, not both: each is a source of the texts")
	}
	return nil
}

// options returns the options of the analysis. It reads the rate card, but not the
// file.
func (f *fileFlags) options() (*analysis.Options, error) {
	if err := numbering.CheckRegion(f.region); err != nil {
		return nil, fmt.Errorf("--region: %w", err)
	}
	opts := &analysis.Options{
		TextColumn: f.text, ToColumn: f.to, NetworkColumn: f.network, Number: checkNumber(f.region), Duplicates: f.duplicates,
	}
	if f.report != "" {
		opts.Worst = worstInReport
	}
	if f.delimiter.Value != "" {
		given, err := table.ParseFormat(f.delimiter.Value)
		if err != nil {
			return nil, err
		}
		opts.Format = &given
	}
	var err error
	if f.template != "" {
		if opts.Template, err = analysis.ParseTemplate(f.template); err != nil {
			return nil, err
		}
	}
	opts.Prices, err = f.prices()
	return opts, err
}

// worstInReport is the number of longest texts in a report.
const worstInReport = 10

func (f *fileFlags) prices() ([]analysis.Price, error) {
	if f.rates == "" {
		if len(f.providers) > 0 {
			return nil, errors.New("--providers needs --rates")
		}
		return nil, nil
	}
	if f.to == "" {
		return nil, errors.New("--rates needs --to-column: the price depends on the number")
	}
	card, err := rates.ReadFile(f.rates)
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
			return nil, fmt.Errorf("%s has no provider %q; want one of %s", f.rates, name, strings.Join(card.Providers(), ", "))
		}
		prices = append(prices, analysis.Price{Provider: name, Book: card.Book(name, time.Now())})
	}
	return prices, nil
}

// limitFlags are the limits that a file or a text must keep.
type limitFlags struct {
	maxSegments int
	maxCost     []string
	require     cli.OneOf
	baseline    string
}

func (l *limitFlags) addTo(cmd *cobra.Command) {
	l.require.Words = []string{"gsm7"}
	flags := cmd.Flags()
	flags.IntVar(&l.maxSegments, "max-segments", 0, "exit with 1 if a message has more than `N` segments")
	flags.StringSliceVar(&l.maxCost, "max-cost", nil, "exit with 1 if the total cost exceeds `AMOUNT`, or PROVIDER=AMOUNT, or a price is missing")
	l.require.AddTo(cmd, "require", "exit with 1 if a message needs UCS-2")
	flags.StringVar(&l.baseline, "baseline", "", "`FILE` with the JSON of an earlier analysis: exit with 1 if messages need more segments, or cost more, on average")
}

func (l *limitFlags) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("max-segments") && l.maxSegments < 1 {
		return fmt.Errorf("--max-segments %d; want at least 1", l.maxSegments)
	}
	return nil
}

func (l *limitFlags) limits() (*analysis.Limits, error) {
	limits := &analysis.Limits{MaxSegments: l.maxSegments, GSM7: l.require.Value == "gsm7", MaxCost: map[string]string{}}
	for _, given := range l.maxCost {
		name, amount, named := strings.Cut(given, "=")
		if !named {
			name, amount = "", given
		}
		limits.MaxCost[name] = amount
	}
	if l.baseline == "" {
		return limits, nil
	}
	b, err := os.ReadFile(l.baseline)
	if err != nil {
		return nil, err
	}
	if limits.Baseline, err = analysis.ReadBaseline(b); err != nil {
		return nil, fmt.Errorf("%s: %w", l.baseline, err)
	}
	return limits, nil
}
