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

// onlyWithFile are the flags that mean nothing for one text.
var onlyWithFile = []string{
	"text-column", "to-column", "network-column", "template", "region", "delimiter", "charset", "sheet",
	"rates", "providers", "annotate", "report", "duplicates", "allow-invalid",
}

func (f *fileFlags) addTo(cmd *cobra.Command) {
	f.delimiter.Words = []string{"comma", "semicolon", "tab", "none"}
	flags := cmd.Flags()
	flags.StringVarP(&f.path, "file", "f", "", "analyse the texts of a file; - is stdin")
	flags.StringVar(&f.text, "text-column", "text", "the column with the texts")
	flags.StringVar(&f.template, "template", "", `make the texts of this and the columns that it names, such as "Hi {name}"`)
	flags.StringVar(&f.to, "to-column", "", "the column with the numbers; without it they are not judged")
	flags.StringVar(&f.network, "network-column", "", "the column with the networks (MCCMNC), for prices by network")
	flags.StringVar(&f.region, "region", "", "country of numbers without a calling code, such as GR")
	f.delimiter.AddTo(cmd, "delimiter", "what separates the fields, if it shall not be told from the file")
	flags.StringVar(&f.charset, "charset", "", "character set such as windows-1253, if it shall not be told from the file")
	_ = cmd.RegisterFlagCompletionFunc("charset", cobra.FixedCompletions(source.Charsets(), cobra.ShellCompDirectiveNoFileComp)) // just defined
	flags.StringVar(&f.sheet, "sheet", "", "worksheet of an XLSX workbook (default: the first)")
	flags.StringVar(&f.rates, "rates", "", "rate card, a CSV file, for the cost at each provider; needs --to-column")
	flags.StringSliceVar(&f.providers, "providers", nil, "providers of the rate card to count (default: all)")
	flags.BoolVar(&f.duplicates, "duplicates", false, "find rows that say the same to the same number")
	flags.StringVar(&f.annotate, "annotate", "", "write the rows again to this CSV file, with what was found in added columns")
	flags.StringVar(&f.report, "report", "", "write an HTML page to this file; it shows the longest texts")
	flags.BoolVar(&f.allowInvalid, "allow-invalid", false, "exit with 0 although rows are invalid")
}

// withoutFile refuses flags that mean nothing without --file.
func withoutFile(cmd *cobra.Command) error {
	for _, name := range onlyWithFile {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s needs --file", name)
		}
	}
	return nil
}

// check refuses flags that do not go together.
func (f *fileFlags) check(cmd *cobra.Command) error {
	switch given := cmd.Flags().Changed; {
	case given("template") && f.template == "":
		return errors.New("--template is empty; want a text such as \"Hi {name}\"")
	case given("template") && given("text-column"):
		return errors.New("give --template or --text-column, not both: each says where the texts come from")
	}
	return nil
}

// options reads what the flags name, but not the file itself.
func (f *fileFlags) options() (*analysis.Options, error) {
	if err := numbering.CheckRegion(f.region); err != nil {
		return nil, fmt.Errorf("--region: %w", err)
	}
	opts := &analysis.Options{
		TextColumn: f.text, ToColumn: f.to, NetworkColumn: f.network, Number: judge(f.region), Duplicates: f.duplicates,
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

// worstInReport is how many of the longest texts a report shows.
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
			return nil, fmt.Errorf("%s has no provider %q; there are: %s", f.rates, name, strings.Join(card.Providers(), ", "))
		}
		prices = append(prices, analysis.Price{Provider: name, Book: card.Book(name, time.Now())})
	}
	return prices, nil
}

// limitFlags are the limits that a file or a text must keep to.
type limitFlags struct {
	maxSegments int
	maxCost     []string
	require     cli.OneOf
	baseline    string
}

func (l *limitFlags) addTo(cmd *cobra.Command) {
	l.require.Words = []string{"gsm7"}
	flags := cmd.Flags()
	flags.IntVar(&l.maxSegments, "max-segments", 0, "exit with 1 if a message has more segments")
	flags.StringSliceVar(&l.maxCost, "max-cost", nil, "exit with 1 if the total is more than AMOUNT, or PROVIDER=AMOUNT, or not wholly known")
	l.require.AddTo(cmd, "require", "exit with 1 if a message needs UCS-2")
	flags.StringVar(&l.baseline, "baseline", "", "JSON of an earlier analysis: exit with 1 if a message has become dearer on average")
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
