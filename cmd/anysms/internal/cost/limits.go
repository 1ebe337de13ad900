package cost

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
)

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
	flags.StringArrayVar(&l.maxCost, "max-cost", nil, "exit with 1 if the total cost exceeds `AMOUNT`, or PROVIDER=AMOUNT, or a price is missing; may be repeated")
	l.require.AddTo(cmd, "require", "exit with 1 if a message needs UCS-2")
	flags.StringVar(&l.baseline, "baseline", "", "`FILE` with the JSON of an earlier analysis: exit with 1 if messages need more segments, or cost more, on average")
}

func (l *limitFlags) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("max-segments") && l.maxSegments < 1 {
		return fmt.Errorf("--max-segments %d; want at least 1", l.maxSegments)
	}
	for _, given := range l.maxCost {
		if err := checkAmount(amountOf(given)); err != nil {
			return fmt.Errorf("--max-cost %s: %w", given, err)
		}
	}
	return nil
}

// amountOf splits PROVIDER=AMOUNT; the provider of AMOUNT alone is "".
func amountOf(given string) (providerName, amount string) {
	if name, amount, ok := strings.Cut(given, "="); ok {
		return name, amount
	}
	return "", given
}

func checkAmount(_, amount string) error {
	if strings.Contains(amount, ",") {
		return errors.New("want a decimal point, as in 1.5; for several providers, repeat the flag")
	}
	m, err := provider.ParseMoney(amount, "")
	switch {
	case err != nil:
		return err
	case m.Micros < 0:
		return errors.New("a limit must not be negative")
	}
	return nil
}

func (l *limitFlags) limits() (*analysis.Limits, error) {
	limits := &analysis.Limits{MaxSegments: l.maxSegments, GSM7: l.require.Value == "gsm7", MaxCost: map[string]string{}}
	for _, given := range l.maxCost {
		name, amount := amountOf(given)
		if had, twice := limits.MaxCost[name]; twice {
			return nil, fmt.Errorf("--max-cost %s: there is another limit for the same, %s", given, had)
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
