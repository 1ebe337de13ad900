package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/provider"
)

type driverInfo struct {
	Name     string             `json:"name"`
	Doc      string             `json:"doc"`
	Settings []provider.Setting `json:"settings"`
}

func (a *app) driversCommand() *cobra.Command {
	var format outputFormat
	cmd := &cobra.Command{
		Use:     "drivers [NAME]",
		GroupID: groupSetUp,
		Short:   "List the drivers, or the settings of one",
		Long:    "List the drivers that a configuration can name, or the settings of one.",
		Example: "  anysms drivers\n  anysms drivers apifon",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return a.printDriver(registry(), args[0], format)
			}
			return a.printDrivers(registry(), format)
		},
	}
	cmd.ValidArgsFunction = cobra.FixedCompletions(registry().Names(), cobra.ShellCompDirectiveNoFileComp)
	format.addTo(cmd)
	return cmd
}

func (a *app) printDrivers(drivers *provider.Registry, format outputFormat) error {
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
	if format.json() {
		return a.printJSON(all)
	}
	return a.table(rows)
}

func (a *app) printDriver(drivers *provider.Registry, name string, format outputFormat) error {
	d, err := drivers.Driver(name)
	if err != nil {
		return err
	}
	if format.json() {
		return a.printJSON(driverInfo{d.Name, d.Doc, d.Settings})
	}
	fmt.Fprintf(a.out, "%s\n\n", d.Doc)
	var rows [][]string
	for _, s := range d.Settings {
		rows = append(rows, []string{s.Name, s.Type, s.Doc})
	}
	return a.table(rows)
}
