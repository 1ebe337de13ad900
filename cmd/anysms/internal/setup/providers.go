package setup

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

type providerInfo struct {
	Name          string           `json:"name"`
	Driver        string           `json:"driver"`
	Features      provider.Feature `json:"features"`
	MaxCharacters int              `json:"max_characters"` // 0 = no limit
	MaxSegments   int              `json:"max_segments"`   // 0 = no known limit
	MaxBatch      int              `json:"max_batch"`      // 0 = no batch
	BatchRules    []string         `json:"batch_rules"`    // which messages may share a request
	FindSettles   float64          `json:"find_settles_seconds"`
	ReplayFor     float64          `json:"replay_for_seconds"`
}

func (a *app) providersCommand() *cobra.Command {
	var format cli.Format
	var conf cli.ConfigFlag
	cmd := &cobra.Command{
		Use:     "providers",
		GroupID: cli.GroupSetUp,
		Short:   "List the configured providers and what they can do",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.LoadOffline(cmd.Context(), &conf)
			if err != nil {
				return err
			}
			defer c.Close()
			return a.printProviders(c, format)
		},
	}
	format.AddTo(cmd)
	conf.AddTo(cmd)
	return cmd
}

func (a *app) printProviders(c *config.Config, format cli.Format) error {
	all := []providerInfo{}
	rows := [][]string{{"NAME", "DRIVER", "LIMITS", "FEATURES"}}
	for _, p := range c.Providers {
		can := p.Capabilities()
		rules := []string{}
		for _, r := range can.BatchRules {
			rules = append(rules, string(r))
		}
		all = append(all, providerInfo{
			p.Name, p.Driver, can.Features, can.MaxCharacters, can.MaxSegments, can.MaxBatch, rules,
			can.FindSettles.Seconds(), can.ReplayFor.Seconds(),
		})
		rows = append(rows, []string{p.Name, p.Driver, Limits(can), strings.Join(can.Features.Names(), " ")})
	}
	if format.JSON() {
		return a.PrintJSON(all)
	}
	return a.Table(rows)
}

// Limits describes the longest message that a provider accepts; "-" = no limit.
func Limits(c provider.Capabilities) string {
	var all []string
	if c.MaxCharacters > 0 {
		all = append(all, fmt.Sprintf("%d characters", c.MaxCharacters))
	}
	if c.MaxSegments > 0 {
		all = append(all, cli.Plural(c.MaxSegments, "segment"))
	}
	if len(all) == 0 {
		return "-"
	}
	return strings.Join(all, ", ")
}
