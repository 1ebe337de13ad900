package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/router/config"
)

type configReport struct {
	Path      string           `json:"path"`
	Providers int              `json:"providers"`
	Routes    int              `json:"routes"`
	Warnings  []config.Warning `json:"warnings"`
}

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		GroupID: groupSetUp,
		Short:   "Work with the configuration",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.configCheckCommand())
	return cmd
}

const configCheckHelp = `Read the configuration as send would, and say whether it is right.

Nothing is sent and no vendor is asked. A mistake is shown with its file and
line, and the exit code is 2. What is allowed but surely not meant, such as a
route that no message can reach, is listed as a warning; the exit code is then 0.`

func (a *app) configCheckCommand() *cobra.Command {
	var format outputFormat
	var conf configFlag
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say whether the configuration is right",
		Long:  configCheckHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conf.load(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Close()
			return a.printConfigReport(c, format)
		},
	}
	format.addTo(cmd)
	conf.addTo(cmd)
	return cmd
}

func (a *app) printConfigReport(c *config.Config, format outputFormat) error {
	r := configReport{c.Path, len(c.Providers), len(c.Options.Routes), c.Warnings()}
	if r.Warnings == nil {
		r.Warnings = []config.Warning{}
	}
	if format.json() {
		return a.printJSON(r)
	}
	fmt.Fprintf(a.out, "%s is right: %s, %s\n", r.Path, plural(r.Providers, "provider"), plural(r.Routes, "route"))
	for _, f := range r.Warnings {
		fmt.Fprintf(a.out, "%s:%d: %s: %s\n", r.Path, f.Line, f.Path, f.Reason)
	}
	return nil
}
