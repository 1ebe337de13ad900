package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/apikey"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/cmd/anysms/internal/setup"
	"github.com/anysms/anysms/router/config"
)

type app struct{ *cli.App }

// Commands returns the command serve.
func Commands(a *cli.App) []*cobra.Command {
	own := &app{a}
	return []*cobra.Command{own.serveCommand()}
}

const serveHelp = `Serve an HTTP API: one URL that sends through all vendors and tracks each message.

  POST /v1/messages              send a message
  GET  /v1/messages/{id}         its status, attempts and delivery reports
  GET  /openapi.json             all operations

Clients and their permissions are set in the section serve of the configuration, which
docs/gateway.md describes:

  database: anysms.db
  serve:
    listen: 127.0.0.1:8025
    keys:
      - {name: shop, key_sha256: "…", scopes: [send, read]}

"anysms serve key new" creates a key. Without keys, only clients on this machine are served.
Vendors report to /callbacks/…; "anysms webhook urls" prints the URL for each of them.

On SIGTERM or Ctrl-C, messages in flight are finished before it exits. SIGHUP reloads the
configuration; if the new one is invalid, or changes what takes a restart, the log says why
and the old one stays in force.`

func (a *app) serveCommand() *cobra.Command {
	conf := new(cli.ConfigFlag)
	var first bool
	cmd := &cobra.Command{
		Use:     "serve",
		GroupID: cli.GroupSend,
		Short:   "Serve an HTTP API that sends messages",
		Long:    serveHelp,
		Example: "  anysms serve --init\n  anysms serve\n  curl -d '{\"to\":\"+306900000001\",\"text\":\"Hello\"}' -H 'Content-Type: application/json' localhost:8025/v1/messages",
		Args:    cli.Subcommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if first {
				return a.initialize(conf.New())
			}
			return a.serve(cmd.Context(), conf)
		},
	}
	conf.AddTo(cmd)
	cmd.Flags().BoolVar(&first, "init", false, "write an initial configuration with a random key, and exit")
	cmd.AddCommand(a.keyCommand())
	return cmd
}

func (a *app) initialize(path string) error {
	key, err := initialize(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "%s is written; the key, which is shown only now:\n", path)
	fmt.Fprintln(a.Out, key)
	return nil
}

func (a *app) serve(ctx context.Context, flag *cli.ConfigFlag) (err error) {
	log := slog.New(slog.NewTextHandler(a.Err, nil))
	load := func(ctx context.Context) (*config.Config, *settings.Serve, error) {
		conf, err := flag.Load(ctx)
		serve := flag.Serve
		return conf, &serve, err
	}
	g, err := Open(ctx, Options{Load: load, Log: log, Version: setup.Version()})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		err = errors.Join(err, g.Close(closing))
	}()
	l, err := g.Listen()
	if err != nil {
		return err
	}
	stop := g.reloadOn(ctx, hangup())
	defer stop()
	scheme := "http"
	if g.serve().TLS != nil {
		scheme = "https"
	}
	fmt.Fprintf(a.Err, "serving %s://%s; Ctrl-C ends it\n", scheme, l.Addr())
	return g.Run(ctx, l)
}

// reloadOn reloads the configuration at each signal, until stop is called.
func (g *Gateway) reloadOn(ctx context.Context, signals []os.Signal) (stop func()) {
	if len(signals) == 0 {
		return func() {}
	}
	came := make(chan os.Signal, 1)
	signal.Notify(came, signals...)
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(ended)
		for {
			select {
			case <-ctx.Done():
				return
			case <-came:
			}
			if err := g.Reload(ctx); err != nil {
				g.log.Error("the configuration was not reloaded; the old one stays in force", "error", err)
				continue
			}
			g.log.Info("the configuration was reloaded")
		}
	}()
	return func() {
		signal.Stop(came)
		cancel()
		<-ended
	}
}

func (a *app) keyCommand() *cobra.Command {
	return cli.Parent("key", "", "Create keys for clients", "", &cobra.Command{
		Use:   "new [NAME]",
		Short: "Make a key, and print it with what goes into the configuration",
		Long: `Create a key and print it. This is the only time that it is shown: the configuration has
only its SHA-256. Add the second line to serve.keys, and choose its scopes from send,
read, optouts, admin and all.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			name := "shop"
			if len(args) == 1 {
				name = args[0]
			}
			if err := settings.CheckName(name); err != nil {
				return fmt.Errorf("NAME: %w", err)
			}
			key, sum := apikey.New()
			fmt.Fprintln(a.Out, key)
			fmt.Fprintf(a.Out, "- {name: %s, key_sha256: \"%s\", scopes: [send, read]}\n", name, sum)
			return nil
		},
	})
}
