package driver

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
)

type driverInfo struct {
	Name     string             `json:"name"`
	Doc      string             `json:"doc"`
	Settings []provider.Setting `json:"settings"`
}

func (a *app) driversCommand() *cobra.Command {
	var format cli.Format
	cmd := &cobra.Command{
		Use:     "drivers [NAME]",
		GroupID: cli.GroupSetUp,
		Short:   "List the drivers, or the settings of one",
		Long:    "List the drivers that a configuration can use, or the settings of one.",
		Example: "  anysms drivers\n  anysms drivers apifon",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return a.printDriver(cli.Registry(), args[0], format)
			}
			return a.printDrivers(cli.Registry(), format)
		},
	}
	cmd.ValidArgsFunction = cobra.FixedCompletions(cli.Registry().Names(), cobra.ShellCompDirectiveNoFileComp)
	format.AddTo(cmd)
	return cmd
}

func (a *app) printDrivers(drivers *provider.Registry, format cli.Format) error {
	all := []driverInfo{}
	var rows [][]string
	for _, name := range drivers.Names() {
		d, err := drivers.Driver(name)
		if err != nil {
			return err
		}
		all = append(all, driverInfo{d.Name, d.Doc, d.Settings})
		rows = append(rows, []string{d.Name, d.Doc})
	}
	if format.JSON() {
		return a.PrintJSON(all)
	}
	return a.Table(rows)
}

func (a *app) printDriver(drivers *provider.Registry, name string, format cli.Format) error {
	d, err := drivers.Driver(name)
	if err != nil {
		return err
	}
	if format.JSON() {
		return a.PrintJSON(driverInfo{d.Name, d.Doc, d.Settings})
	}
	fmt.Fprintf(a.Out, "%s\n\n", d.Doc)
	var rows [][]string
	for _, s := range d.Settings {
		rows = append(rows, []string{s.Name, s.Type, s.Doc})
	}
	return a.Table(rows)
}
