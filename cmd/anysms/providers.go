package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

type providerInfo struct {
	Name          string           `json:"name"`
	Driver        string           `json:"driver"`
	Features      provider.Feature `json:"features"`
	MaxCharacters int              `json:"max_characters"` // 0 = none
	MaxSegments   int              `json:"max_segments"`   // 0 = none known
	MaxBatch      int              `json:"max_batch"`      // 0 = no batch
	FindSettles   float64          `json:"find_settles_seconds"`
	ReplayFor     float64          `json:"replay_for_seconds"`
}

func (a *app) providersCommand() *cobra.Command {
	var format outputFormat
	var conf configFlag
	cmd := &cobra.Command{
		Use:     "providers",
		GroupID: groupSetUp,
		Short:   "List the configured providers and what they can do",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conf.load(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Close()
			return a.printProviders(c, format)
		},
	}
	format.addTo(cmd)
	conf.addTo(cmd)
	return cmd
}

func (a *app) printProviders(c *config.Config, format outputFormat) error {
	all := []providerInfo{}
	rows := [][]string{{"NAME", "DRIVER", "LIMITS", "FEATURES"}}
	for _, p := range c.Providers {
		can := p.Capabilities()
		all = append(all, providerInfo{
			p.Name, p.Driver, can.Features, can.MaxCharacters, can.MaxSegments, can.MaxBatch,
			can.FindSettles.Seconds(), can.ReplayFor.Seconds(),
		})
		rows = append(rows, []string{p.Name, p.Driver, limits(can), strings.Join(can.Features.Names(), " ")})
	}
	if format.json() {
		return a.printJSON(all)
	}
	return a.table(rows)
}

func limits(c provider.Capabilities) string {
	var all []string
	if c.MaxCharacters > 0 {
		all = append(all, fmt.Sprintf("%d characters", c.MaxCharacters))
	}
	if c.MaxSegments > 0 {
		all = append(all, plural(c.MaxSegments, "segment"))
	}
	if len(all) == 0 {
		return "-"
	}
	return strings.Join(all, ", ")
}
