package send

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/numbering"
)

func (a *app) routeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "route",
		GroupID: cli.GroupSetUp,
		Short:   "Ask the configuration where a message would go",
		Args:    cobra.NoArgs,
		RunE:    cli.ShowHelp,
	}
	cmd.AddCommand(a.routeExplainCommand())
	return cmd
}

func (a *app) routeExplainCommand() *cobra.Command {
	flags := sendFlags{class: cli.OneOf{Words: []string{"otp", "transactional", "marketing"}}}
	cmd := &cobra.Command{
		Use:   "explain --to N --text T",
		Short: "Say for every provider why a message would go there or not, and what it would cost",
		Long: `Say for every provider why a message would go there or not, in the order of trial,
with the sender it would be given, its segments, its cost and its breaker. Nothing
is sent. The exit code is 1 if the message would be refused.`,
		Example: `  anysms route explain --to +306900000001 --text "Your code is 4711" --class otp
  anysms route explain --to +306900000001 --text Hello --from Example --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.explain(cmd.Context(), &flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.to, "to", "", "the recipient's number")
	f.StringVar(&flags.text, "text", "", "the text")
	f.StringVar(&flags.from, "from", "", "the sender")
	flags.class.AddTo(cmd, "class", "the kind of message")
	f.StringVar(&flags.tag, "tag", "", "your own label")
	f.DurationVar(&flags.validity, "validity", 0, "how long the vendor may try to deliver")
	f.StringVar(&flags.at, "at", "", "when the vendor shall send it, such as 2030-01-02T15:04:05Z")
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
	conf, err := flags.conf.Load(ctx)
	if err != nil {
		return err
	}
	defer conf.Close()
	if m.To, _, err = numbering.Parse(flags.to, conf.DefaultRegion); err != nil && provider.CodeOf(err) != provider.InvalidRecipient {
		return err
	}
	return a.explainPlan(planOf(conf, m, err), flags.format)
}

// planOf is the router's plan, and behind it the providers that the route does
// not have.
func planOf(conf *config.Config, m *provider.Message, badNumber error) *router.Plan {
	if badNumber != nil {
		return &router.Plan{Code: provider.InvalidRecipient, Message: cli.Reason(badNumber), Candidates: []router.Candidate{}}
	}
	plan := conf.Router().Plan(m)
	onRoute := make(map[string]bool)
	for _, c := range plan.Candidates {
		onRoute[c.Provider] = true
	}
	for _, p := range conf.Providers {
		if !onRoute[p.Name] && plan.Route != "" {
			plan.Candidates = append(plan.Candidates, router.Candidate{Provider: p.Name, Reason: "not on route " + plan.Route, Ignored: []string{}})
		}
	}
	return plan
}

func (a *app) explainPlan(plan *router.Plan, format cli.Format) error {
	if err := a.printPlan(plan, format); err != nil {
		return err
	}
	if plan.Code != "" {
		return &cli.ExitError{Code: cli.ExitRefused}
	}
	return nil
}
