package messages

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/webhook"
)

const webhookHelp = `Handle the callbacks of vendors: the requests by which they report deliveries and replies.
"anysms serve" takes them at a URL of its own for each provider, which has a secret:

  anysms webhook urls                   # prints what to enter at each vendor
  anysms webhook rotate athens          # makes a new secret
  anysms webhook unreadable             # lists what could not be read

The section serve.callbacks of the configuration says which addresses may report. All
of these need a database in the configuration.`

func (a *app) webhookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "webhook",
		GroupID: cli.GroupSend,
		Short:   "Handle the callbacks of vendors",
		Long:    webhookHelp,
		RunE:    cli.ShowHelp,
	}
	cmd.AddCommand(a.urlsCommand(), a.rotateCommand(), a.replayCommand(), a.unreadableCommand())
	return cmd
}

const urlsHelp = `Print the URL at which each vendor reports deliveries and replies. Enter it in the
vendor's console, or as callback_url of the provider if its driver has that setting (see
"anysms drivers NAME").

The last part of the URL is a secret. It is created at first use and stored in the
database; "anysms webhook rotate" replaces it.`

// publicURL is the flag that says where the callbacks arrive.
type publicURL struct{ value string }

func (p *publicURL) addTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.value, "url", "", "public `URL` that precedes the provider's name, such as https://sms.example.com/callbacks (default: /callbacks at serve.public_url)")
}

// of returns the URL that the flag gives, else that of the gateway in the configuration.
func (p *publicURL) of(conf *cli.ConfigFlag) (string, error) {
	if p.value == "" && conf.Serve.PublicURL != "" {
		return conf.Serve.CallbackBase()
	}
	if p.value == "" {
		return "", errors.New("give --url, or set serve.public_url in the configuration: the public URL, such as https://sms.example.com")
	}
	u, err := url.Parse(p.value)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("--url: %q; want the public URL of the callbacks, such as https://sms.example.com/callbacks", p.value)
	}
	return p.value, nil
}

// callbackURL is a line of the command's output.
type callbackURL struct {
	Provider string    `json:"provider"`
	URL      string    `json:"url"` // "" = the driver reads no callbacks
	Since    time.Time `json:"since,omitzero"`
	OldUntil time.Time `json:"old_until,omitzero"` // until when the URL before is taken too
}

func (a *app) urlsCommand() *cobra.Command {
	var conf cli.ConfigFlag
	var format cli.Format
	var public publicURL
	cmd := &cobra.Command{
		Use:     "urls [--url URL]",
		Short:   "Print the callback URL of each vendor",
		Long:    urlsHelp,
		Example: "  anysms webhook urls --url https://sms.example.com/callbacks",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withProviders(cmd.Context(), &conf, func(c *config.Config, l *ledger.Ledger) error {
				base, err := public.of(&conf)
				if err != nil {
					return err
				}
				return a.printURLs(cmd.Context(), c, l, base, conf.Serve.HasToken, format)
			})
		},
	}
	public.addTo(cmd)
	conf.AddTo(cmd)
	format.AddTo(cmd)
	return cmd
}

func (a *app) printURLs(ctx context.Context, c *config.Config, l *ledger.Ledger, public string, hasToken func(name string) bool, format cli.Format) error {
	rows := [][]string{{"provider", "URL"}}
	for _, p := range c.Providers {
		line := callbackURL{Provider: p.Name}
		switch reads := p.Capabilities().Has(provider.HasCallbacks); {
		case reads && !hasToken(p.Name):
			line.URL = webhook.URL(public, p.Name, "")
		case reads:
			tokens, err := l.CallbackTokens(ctx, p.Name)
			if err != nil {
				return err
			}
			line.URL, line.Since = webhook.URL(public, p.Name, tokens[0].Value), tokens[0].CreatedAt
			if len(tokens) > 1 {
				line.OldUntil = tokens[1].Until
			}
		}
		if format.JSON() {
			if err := a.PrintJSON(line); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{p.Name, line.String()})
	}
	if format.JSON() {
		return nil
	}
	return a.Table(rows)
}

func (c *callbackURL) String() string {
	switch {
	case c.URL == "":
		return "- (the driver reads no callbacks)"
	case !c.OldUntil.IsZero():
		return c.URL + "  (the one before is taken until " + c.OldUntil.Format(time.RFC3339) + ")"
	}
	return c.URL
}

func (a *app) rotateCommand() *cobra.Command {
	var conf cli.ConfigFlag
	var public publicURL
	cmd := &cobra.Command{
		Use:   "rotate PROVIDER [--url URL]",
		Short: "Replace the callback URL of a vendor",
		Long: `Create a new secret for a vendor's callback URL and print the URL. The old one works for
another 24 hours: enter the new one at the vendor within that time.`,
		Example: "  anysms webhook rotate athens --url https://sms.example.com/callbacks",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withProviders(cmd.Context(), &conf, func(c *config.Config, l *ledger.Ledger) error {
				base, err := public.of(&conf)
				if err != nil {
					return err
				}
				p, err := c.Provider(args[0])
				if err != nil {
					return err
				}
				if !p.Capabilities().Has(provider.HasCallbacks) {
					return fmt.Errorf("provider %q: its driver reads no callbacks", p.Name)
				}
				if !conf.Serve.HasToken(p.Name) {
					return c.Errorf("serve.callbacks."+p.Name+".token", "false: the callback URL of provider %q has no token to replace", p.Name)
				}
				t, err := l.RotateCallbackToken(cmd.Context(), p.Name)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(a.Out, webhook.URL(base, p.Name, t.Value))
				return err
			})
		},
	}
	public.addTo(cmd)
	conf.AddTo(cmd)
	return cmd
}
