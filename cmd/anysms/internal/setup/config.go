package setup

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/webhook"
)

type configReport struct {
	Path      string           `json:"path"`
	Providers int              `json:"providers"`
	Routes    int              `json:"routes"`
	Guards    []string         `json:"guards,omitempty"` // each rule in a line
	Callbacks []callbacks      `json:"callbacks,omitempty"`
	Warnings  []config.Warning `json:"warnings"`
}

// callbacks say where the gateway takes the reports and replies of a vendor.
type callbacks struct {
	Provider string `json:"provider"`
	URL      string `json:"url"` // with {token} in place of the secret, if it has one
	// Asked reports that the vendor is told with each message; else the URL is entered at
	// the vendor.
	Asked bool `json:"asked"`
}

const anyToken = "{token}"

// callbacksOf lists the providers whose vendors report by callbacks; nothing without a
// serve.public_url.
func callbacksOf(c *config.Config, serve *settings.Serve) (list []callbacks, err error) {
	base, err := serve.CallbackBase()
	if err != nil || base == "" {
		return nil, err
	}
	for i := range c.Providers {
		p := &c.Providers[i]
		if !p.Capabilities().Has(provider.HasCallbacks) {
			continue
		}
		r, asks := provider.As[provider.CallbackRequester](p.Provider)
		asks = asks && r.SetCallbackURL(webhook.URL(base, p.Name, "token")) == nil
		u := webhook.URL(base, p.Name, "")
		if serve.HasToken(p.Name) {
			u += "/" + anyToken
		}
		list = append(list, callbacks{p.Name, u, asks})
	}
	return list, nil
}

func (cb callbacks) String() string {
	if cb.Asked {
		return cb.Provider + ": the vendor is given " + cb.URL + " with each message, unless callback_url is set"
	}
	if !strings.HasSuffix(cb.URL, anyToken) {
		return cb.Provider + ": enter " + cb.URL + " at the vendor"
	}
	return cb.Provider + ": enter " + cb.URL + ` at the vendor; "anysms webhook urls" prints it with its token`
}

func (a *app) configCommand() *cobra.Command {
	return cli.Parent("config", cli.GroupSetUp, "Check the configuration", "",
		a.configCheckCommand())
}

const configCheckHelp = `Load the configuration as send would, and report errors and warnings.

Nothing is sent and no vendor is contacted. An error is shown with its file and
line, and the exit code is 2. What is allowed but probably a mistake, such as a
route that no message can reach, is a warning; the exit code is then 0.

With serve.public_url it also lists where the gateway takes the reports and replies
of the vendors, and which of these URLs have to be entered at a vendor.

An environment variable that is not set is an error. Where secrets are not
available, such as in CI, --allow-unset makes it a warning.`

func (a *app) configCheckCommand() *cobra.Command {
	var format cli.Format
	var conf cli.ConfigFlag
	var allowUnset bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Report errors and warnings in the configuration",
		Long:  configCheckHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, warnings, err := checkConfig(cmd.Context(), &conf, allowUnset)
			if err != nil {
				return err
			}
			defer c.Close()
			return a.printConfigReport(c, &conf.Serve, warnings, format)
		},
	}
	format.AddTo(cmd)
	conf.AddTo(cmd)
	cmd.Flags().BoolVar(&allowUnset, "allow-unset", false, "report environment variables that are not set as warnings")
	return cmd
}

func checkConfig(ctx context.Context, flag *cli.ConfigFlag, allowUnset bool) (*config.Config, []config.Warning, error) {
	warnings := []config.Warning{}
	if !allowUnset {
		c, err := flag.Load(ctx)
		if err != nil {
			return nil, nil, err
		}
		return c, append(append(warnings, c.Warnings()...), flag.Serve.Warnings(c)...), nil
	}
	c, unset, err := flag.LoadOffline(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range unset {
		warnings = append(warnings, config.Warning{Reason: "the environment variable " + name + " is not set"})
	}
	return c, append(append(warnings, c.Warnings()...), flag.Serve.Warnings(c)...), nil
}

func (a *app) printConfigReport(c *config.Config, serve *settings.Serve, warnings []config.Warning, format cli.Format) error {
	list, err := callbacksOf(c, serve)
	if err != nil {
		return err
	}
	r := configReport{Path: c.Path, Providers: len(c.Providers), Routes: len(c.Options.Routes), Callbacks: list, Warnings: warnings}
	if c.Guards != nil {
		r.Guards = c.Guards.Rules()
	}
	if format.JSON() {
		return a.PrintJSON(r)
	}
	fmt.Fprintf(a.Out, "%s is valid: %s, %s\n", r.Path, cli.Plural(r.Providers, "provider"), cli.Plural(r.Routes, "route"))
	for _, rule := range r.Guards {
		fmt.Fprintf(a.Out, "  guard %s\n", rule)
	}
	for _, cb := range r.Callbacks {
		fmt.Fprintf(a.Out, "  callbacks of %s\n", cb)
	}
	for _, w := range r.Warnings {
		at := r.Path
		if w.Line > 0 {
			at = fmt.Sprintf("%s:%d: %s", r.Path, w.Line, w.Path)
		}
		fmt.Fprintf(a.Out, "%s: warning: %s\n", at, w.Reason)
	}
	return nil
}
