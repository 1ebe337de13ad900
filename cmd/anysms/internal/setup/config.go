package setup

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/router/config"
)

type configReport struct {
	Path      string           `json:"path"`
	Providers int              `json:"providers"`
	Routes    int              `json:"routes"`
	Guards    []string         `json:"guards,omitempty"` // each rule in a line
	Warnings  []config.Warning `json:"warnings"`
}

func (a *app) configCommand() *cobra.Command {
	return cli.Parent("config", cli.GroupSetUp, "Check the configuration", "",
		a.configCheckCommand())
}

const configCheckHelp = `Load the configuration as send would, and report errors and warnings.

Nothing is sent and no vendor is contacted. An error is shown with its file and
line, and the exit code is 2. What is allowed but probably a mistake, such as a
route that no message can reach, is a warning; the exit code is then 0.

An environment variable that is not set is an error. Where secrets are not
available, such as in CI, --allow-unset makes it a warning.`

func (a *app) configCheckCommand() *cobra.Command {
	var format cli.Format
	var conf cli.ConfigFlag
	var allowUnset bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Report errors and warnings in the configuration",
		Long:  configCheckHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, warnings, err := checkConfig(cmd.Context(), &conf, allowUnset)
			if err != nil {
				return err
			}
			defer c.Close()
			return a.printConfigReport(c, warnings, format)
		},
	}
	format.AddTo(cmd)
	conf.AddTo(cmd)
	cmd.Flags().BoolVar(&allowUnset, "allow-unset", false, "report environment variables that are not set as warnings")
	return cmd
}

func checkConfig(ctx context.Context, flag *cli.ConfigFlag, allowUnset bool) (*config.Config, []config.Warning, error) {
	warnings := []config.Warning{}
	if !allowUnset {
		c, err := flag.Load(ctx)
		if err != nil {
			return nil, nil, err
		}
		return c, append(warnings, c.Warnings()...), nil
	}
	c, unset, err := flag.LoadOffline(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range unset {
		warnings = append(warnings, config.Warning{Reason: "the environment variable " + name + " is not set"})
	}
	return c, append(warnings, c.Warnings()...), nil
}

func (a *app) printConfigReport(c *config.Config, warnings []config.Warning, format cli.Format) error {
	r := configReport{c.Path, len(c.Providers), len(c.Options.Routes), nil, warnings}
	if c.Guards != nil {
		r.Guards = c.Guards.Rules()
	}
	if format.JSON() {
		return a.PrintJSON(r)
	}
	fmt.Fprintf(a.Out, "%s is valid: %s, %s\n", r.Path, cli.Plural(r.Providers, "provider"), cli.Plural(r.Routes, "route"))
	for _, rule := range r.Guards {
		fmt.Fprintf(a.Out, "  guard %s\n", rule)
	}
	for _, w := range r.Warnings {
		at := r.Path
		if w.Line > 0 {
			at = fmt.Sprintf("%s:%d: %s", r.Path, w.Line, w.Path)
		}
		fmt.Fprintf(a.Out, "%s: warning: %s\n", at, w.Reason)
	}
	return nil
}
