package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/account"
	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/cost"
	"github.com/anysms/anysms/cmd/anysms/internal/demo"
	"github.com/anysms/anysms/cmd/anysms/internal/driver"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway"
	"github.com/anysms/anysms/cmd/anysms/internal/messages"
	"github.com/anysms/anysms/cmd/anysms/internal/send"
	"github.com/anysms/anysms/cmd/anysms/internal/setup"
)

const rootHelp = `anysms sends SMS through any vendor and reports what a text costs.

A first look, without account or configuration:

  anysms demo                                  a vendor fails, nothing is lost
  anysms analyse "Γεια σου 👋"                 encoding, segments, what costs more
  anysms analyse --file campaign.csv           the same for a whole file

To send, anysms init writes a configuration (anysms.yaml) that names your vendors:

  providers:
    athens: {driver: apifon, token: "${APIFON_TOKEN}", secret: "${APIFON_SECRET}", sender: Example}
    usa:    {driver: phonify, api_key: "${PHONIFY_API_KEY}"}

  anysms config check                          is it valid?
  anysms send --to +306900000001 --text Hello --dry-run
  anysms send --to +306900000001 --text Hello

The configuration is --config, else $ANYSMS_CONFIG, else ./anysms.yaml.
Data goes to stdout, diagnostics go to stderr.

Exit codes:
  0  done
  1  refused or not sent, rows refused, or a limit exceeded
  2  invalid usage or configuration; nothing was sent
  3  the outcome of a message is unknown: it may have been sent`

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	a := &cli.App{In: in, Out: out, Err: errOut}
	return a.Run(ctx, newRoot(a), args)
}

// versionOrHelp is what anysms does without a command.
func versionOrHelp(cmd *cobra.Command, args []string) error {
	if show, _ := cmd.Flags().GetBool("version"); show {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), cmd.Name(), setup.Version())
		return err
	}
	return cli.ShowHelp(cmd, args)
}

func newRoot(a *cli.App) *cobra.Command {
	root := &cobra.Command{
		Use:           "anysms",
		Short:         "Send SMS through any vendor, and know what a text costs",
		Long:          rootHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cli.Subcommand,
		RunE:          versionOrHelp,
	}
	// Not cobra's Version, whose line is another one, and would need text/template to change.
	root.Flags().BoolP("version", "v", false, "version for anysms")
	root.AddGroup(
		&cobra.Group{ID: cli.GroupSend, Title: "Send:"},
		&cobra.Group{ID: cli.GroupCost, Title: "Understand:"},
		&cobra.Group{ID: cli.GroupSetUp, Title: "Set up:"},
	)
	root.SetHelpCommandGroupID(cli.GroupSetUp)
	root.SetCompletionCommandGroupID(cli.GroupSetUp)
	root.AddCommand(demo.Command(a))
	root.AddCommand(send.Commands(a)...)
	root.AddCommand(messages.Commands(a)...)
	root.AddCommand(gateway.Commands(a)...)
	root.AddCommand(account.Commands(a)...)
	root.AddCommand(cost.Commands(a)...)
	root.AddCommand(driver.Commands(a)...)
	root.AddCommand(setup.Commands(a)...)
	cli.Complete(root)
	cli.PointToHelp(root)
	return root
}
