package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// app is what the commands share: the streams they talk through.
type app struct {
	in       io.Reader
	out, err io.Writer
}

// run executes one command line and tells its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	a := &app{in: in, out: out, err: errOut}
	root := a.root()
	root.SetArgs(args)
	code, say := exitCode(root.ExecuteContext(ctx))
	if say != "" {
		for line := range strings.SplitSeq("anysms: "+say, "\n") {
			fmt.Fprintln(errOut, harmless(line))
		}
	}
	return code
}

const rootHelp = `anysms sends SMS through any vendor and says what a text costs.

A first look, without account or configuration:

  anysms demo                                  a vendor fails, nothing is lost
  anysms analyse "Γεια σου 👋"                 encoding, segments, what costs
  anysms analyse --file campaign.csv           the same for a whole file

To send, write a configuration (anysms.yaml) that names your vendors:

  providers:
    athens: {driver: apifon, token: "${APIFON_TOKEN}", secret: "${APIFON_SECRET}", sender: Example}
    usa:    {driver: phonify, api_key: "${PHONIFY_API_KEY}"}

  anysms config check                          is it right?
  anysms send --to +306900000001 --text Hello --dry-run
  anysms send --to +306900000001 --text Hello

The configuration is --config, else $ANYSMS_CONFIG, else ./anysms.yaml.
Data goes to stdout, talk to stderr.

Exit codes:
  0  done
  1  refused or not sent, rows refused, or a limit broken
  2  wrong usage or configuration; nothing was sent
  3  the outcome of a message is unknown: it may have been sent`

// The groups of commands in the help.
const (
	groupSend  = "send"
	groupCost  = "cost"
	groupSetUp = "setup"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "anysms",
		Short:             "Send SMS through any vendor, and know what a text costs",
		Long:              rootHelp,
		SilenceErrors:     true,
		SilenceUsage:      true,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.AddGroup(
		&cobra.Group{ID: groupSend, Title: "Send:"},
		&cobra.Group{ID: groupCost, Title: "Understand:"},
		&cobra.Group{ID: groupSetUp, Title: "Set up:"},
	)
	root.SetHelpCommandGroupID(groupSetUp)
	root.SetCompletionCommandGroupID(groupSetUp)
	root.AddCommand(a.commands()...)
	teach(root)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %q", err, cmd.CommandPath()+" --help")
	})
	return root
}

func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.demoCommand(),
		a.sendCommand(),
		a.resolveCommand(),
		a.statusCommand(),
		a.cancelCommand(),
		a.otpCommand(),
		a.inboxCommand(),
		a.analyseCommand(),
		a.costCommand(),
		a.ratesCommand(),
		a.balanceCommand(),
		a.providersCommand(),
		a.driversCommand(),
		a.recipeCommand(),
		a.pluginCommand(),
		a.conformanceCommand(),
		a.configCommand(),
		a.routeCommand(),
		a.versionCommand(),
	}
}
