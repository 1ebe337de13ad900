// Package send has the commands that send messages, queue them, settle what is unknown of
// them, and explain where a message would go.
package send

import (
	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// app is the shared part with this package's commands as methods.
type app struct{ *cli.App }

// Commands returns the commands send, queue, resolve and route.
func Commands(a *cli.App) []*cobra.Command {
	own := &app{a}
	return []*cobra.Command{own.sendCommand(), own.queueCommand(), own.resolveCommand(), own.routeCommand()}
}
