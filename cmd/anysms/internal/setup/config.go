package setup

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
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
		GroupID: cli.GroupSetUp,
		Short:   "Work with the configuration",
		Args:    cobra.NoArgs,
		RunE:    cli.ShowHelp,
	}
	cmd.AddCommand(a.configCheckCommand())
	return cmd
}

const configCheckHelp = `Read the configuration as send would, and say whether it is right.

Nothing is sent and no vendor is asked. A mistake is shown with its file and
line, and the exit code is 2. What is allowed but surely not meant, such as a
route that no message can reach, is listed as a warning; the exit code is then 0.`

func (a *app) configCheckCommand() *cobra.Command {
	var format cli.Format
	var conf cli.ConfigFlag
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say whether the configuration is right",
		Long:  configCheckHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conf.Load(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Close()
			return a.printConfigReport(c, format)
		},
	}
	format.AddTo(cmd)
	conf.AddTo(cmd)
	return cmd
}

func (a *app) printConfigReport(c *config.Config, format cli.Format) error {
	r := configReport{c.Path, len(c.Providers), len(c.Options.Routes), c.Warnings()}
	if r.Warnings == nil {
		r.Warnings = []config.Warning{}
	}
	if format.JSON() {
		return a.PrintJSON(r)
	}
	fmt.Fprintf(a.Out, "%s is right: %s, %s\n", r.Path, cli.Plural(r.Providers, "provider"), cli.Plural(r.Routes, "route"))
	for _, f := range r.Warnings {
		fmt.Fprintf(a.Out, "%s:%d: %s: %s\n", r.Path, f.Line, f.Path, f.Reason)
	}
	return nil
}
