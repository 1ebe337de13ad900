package account

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

type balanceReport struct {
	Provider  string          `json:"provider"`
	Available *provider.Money `json:"available"`
	Reserved  *provider.Money `json:"reserved,omitempty"`
	Bundles   []balanceBundle `json:"bundles,omitempty"`
	Code      provider.Code   `json:"code,omitempty"`
	Message   string          `json:"message,omitempty"`
}

type balanceBundle struct {
	Name      string         `json:"name"`
	Available provider.Money `json:"available"`
	Total     provider.Money `json:"total"`
	Ends      *time.Time     `json:"ends"`
}

func (a *app) balanceCommand() *cobra.Command {
	var format cli.Format
	var conf cli.ConfigFlag
	var name string
	cmd := &cobra.Command{
		Use:     "balance [--provider P]",
		GroupID: cli.GroupCost,
		Short:   "Show account balances",
		Long: `Show the account balances of all providers, or of one.

A provider without a balance API is listed as such. The exit code is 1 if a
balance could not be read, or if --provider names a provider without one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conf.Load(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Close()
			return a.balances(cmd.Context(), c, name, format)
		},
	}
	format.AddTo(cmd)
	conf.AddTo(cmd)
	cmd.Flags().StringVar(&name, "provider", "", "ask only the provider of this `NAME`")
	conf.CompleteProvider(cmd)
	return cmd
}

func (a *app) balances(ctx context.Context, c *config.Config, only string, format cli.Format) error {
	ask := c.Providers
	if only != "" {
		p, err := c.Provider(only)
		if err != nil {
			return err
		}
		ask = []config.Provider{*p}
	}
	failed := false
	reports := []balanceReport{}
	for _, p := range ask {
		report := readBalance(ctx, &p)
		reports = append(reports, report)
		failed = failed || report.Code != "" && (report.Code != provider.Unsupported || only != "")
	}
	if err := a.printBalances(reports, format); err != nil {
		return err
	}
	if failed {
		return &cli.ExitError{Code: cli.ExitRefused}
	}
	return nil
}

func readBalance(ctx context.Context, p *config.Provider) balanceReport {
	balance, err := provider.ReadBalance(ctx, p.Upstream.Provider)
	if err != nil {
		report := balanceReport{Provider: p.Name, Code: provider.CodeOf(err), Message: err.Error()}
		if errors.Is(err, errors.ErrUnsupported) {
			report.Message = notAvailable
		}
		return report
	}
	report := balanceReport{Provider: p.Name, Available: &balance.Available, Reserved: balance.Reserved}
	for _, bundle := range balance.Bundles {
		shown := balanceBundle{Name: bundle.Name, Available: bundle.Available, Total: bundle.Total}
		if !bundle.Ends.IsZero() {
			shown.Ends = &bundle.Ends
		}
		report.Bundles = append(report.Bundles, shown)
	}
	return report
}

func (a *app) printBalances(reports []balanceReport, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(reports)
	}
	var rows [][]string
	for _, r := range reports {
		switch {
		case r.Available == nil:
			rows = append(rows, []string{r.Provider, r.Message})
		case r.Reserved == nil:
			rows = append(rows, []string{r.Provider, r.Available.String()})
		default:
			rows = append(rows, []string{r.Provider, r.Available.String(), "and " + r.Reserved.String() + " reserved"})
		}
		for _, bundle := range r.Bundles {
			rows = append(rows, []string{"", bundle.Available.String(), "of " + bundle.Total.String() + " in bundle " + bundle.Name})
		}
	}
	return a.Table(rows)
}
