package send

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/numbering"
)

func (a *app) routeCommand() *cobra.Command {
	return cli.Parent("route", cli.GroupSetUp, "Explain how a message would be routed", "",
		a.routeExplainCommand(), a.routeSimulateCommand())
}

func (a *app) routeExplainCommand() *cobra.Command {
	flags := sendFlags{class: cli.OneOf{Words: []string{"otp", "transactional", "marketing"}}}
	cmd := &cobra.Command{
		Use:   "explain --to N --text T",
		Short: "Explain which providers a message would be sent to, and at what cost",
		Long: `Print the providers that would be tried for a message, in order, with cost and
circuit breaker, and for each other provider the reason why not. Nothing is sent;
environment variables for secrets need not be set. The exit code is 1 if the
message would be refused.

For a route with strategy adaptive it also prints each provider's measured results in
the recipient's country, from the last 24 hours in the database, and why a provider is
not used at present.`,
		Example: `  anysms route explain --to +306900000001 --text "Your code is 4711" --class otp
  anysms route explain --to +306900000001 --text Hello --from Example --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.explain(cmd.Context(), &flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.to, "to", "", "recipient's `NUMBER`")
	f.StringVar(&flags.text, "text", "", "`TEXT` of the message")
	f.StringVar(&flags.from, "from", "", "`SENDER`")
	flags.class.AddTo(cmd, "class", "kind of message")
	f.StringVar(&flags.tag, "tag", "", "your own `LABEL`")
	f.DurationVar(&flags.validity, "validity", 0, "how long the vendor may try to deliver it, such as 90s")
	f.StringVar(&flags.at, "at", "", "`TIME` for the vendor to send it, such as 2030-01-02T15:04:05Z")
	flags.conf.AddTo(cmd)
	flags.format.AddTo(cmd)
	for _, name := range []string{"to", "text"} {
		_ = cmd.MarkFlagRequired(name) // the flag was just defined
	}
	return cmd
}

func (a *app) explain(ctx context.Context, flags *sendFlags) error {
	m, err := flags.message()
	if err != nil {
		return err
	}
	conf, err := a.LoadOffline(ctx, &flags.conf)
	if err != nil {
		return err
	}
	defer conf.Close()
	if m.To, _, err = numbering.Parse(flags.to, conf.DefaultRegion); err != nil && provider.CodeOf(err) != provider.InvalidRecipient {
		return err
	}
	badNumber := err
	if err := cli.WarmOffline(ctx, conf); err != nil {
		return err
	}
	done, err := cli.CountInDatabase(ctx, conf)
	if err != nil {
		return err
	}
	plan := planOf(conf, m, badNumber)
	if err := done(); err != nil {
		return err
	}
	return a.explainPlan(plan, flags.format)
}
