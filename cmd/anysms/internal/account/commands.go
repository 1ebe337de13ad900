// Package account has the commands that ask one vendor about an account or a
// message: status, cancel, otp, inbox, balance.
package account

import (
	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
)

// app is the shared part with this package's commands as methods.
type app struct{ *cli.App }

// Commands returns the commands status, cancel, otp, inbox and balance.
func Commands(a *cli.App) []*cobra.Command {
	own := &app{a}
	return []*cobra.Command{own.statusCommand(), own.cancelCommand(), own.otpCommand(), own.inboxCommand(), own.balanceCommand()}
}
