// Package setup has the commands that check and list what is set up: config,
// providers, version.
package setup

import (
	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// app is the shared part with this package's commands as methods.
type app struct{ *cli.App }

// Commands returns the commands init, config, providers, man and version.
func Commands(a *cli.App) []*cobra.Command {
	own := &app{a}
	return []*cobra.Command{own.initCommand(), own.configCommand(), own.providersCommand(), own.manCommand(), own.versionCommand()}
}
