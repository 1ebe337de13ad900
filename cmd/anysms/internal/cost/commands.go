// Package cost has the commands that report what texts take to send and what they
// cost: analyse, cost, rates.
package cost

import (
	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// app is the shared part with this package's commands as methods.
type app struct{ *cli.App }

// Commands returns the commands analyse, cost and rates.
func Commands(a *cli.App) []*cobra.Command {
	own := &app{a}
	return []*cobra.Command{own.analyseCommand(), own.costCommand(), own.ratesCommand()}
}
