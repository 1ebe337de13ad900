// Package driver has the commands for those who write and configure drivers:
// drivers, recipe, plugin, conformance. It is the only part of the command that
// links the conformance suite and its fault server.
package driver

import (
	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// app is the shared part with this package's commands as methods.
type app struct{ *cli.App }

// Commands returns the commands drivers, recipe, plugin and conformance.
func Commands(a *cli.App) []*cobra.Command {
	own := &app{a}
	return []*cobra.Command{own.driversCommand(), own.recipeCommand(), own.pluginCommand(), own.conformanceCommand()}
}
