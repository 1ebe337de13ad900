// Package messages has the commands over the ledger: messages, optout, webhook.
package messages

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/numbering"
)

// app is the shared part with this package's commands as methods.
type app struct{ *cli.App }

// Commands returns the commands messages, optout and webhook.
func Commands(a *cli.App) []*cobra.Command {
	own := &app{a}
	return []*cobra.Command{own.messagesCommand(), own.optOutCommand(), own.webhookCommand()}
}

const messagesHelp = `Show what happened to messages. They are recorded if the configuration has a database:

  database: anysms.db          # or postgres://user:${PASSWORD}@host/db
  ledger: {retention: 90d, settle: 72h, text: erase}

Every message is recorded with its attempts before it is given to a vendor, and delivery
reports are added as they arrive. Texts are erased when the status is final, or after
ledger.settle, unless ledger.text is keep.

` + serverHelp + ` A key with
scope read sees the messages that were sent with it; with scope all, those of every key.
erase, stats and poll work on the database only.`

const serverHelp = `With --server URL the command asks a running gateway ("anysms serve") and reads no
configuration. Put the key in --key-file or $ANYSMS_KEY: other users of this machine can
see command lines. The URL must be https, except on this machine.`

func (a *app) messagesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "messages",
		GroupID: cli.GroupSend,
		Short:   "Show what happened to messages",
		Long:    messagesHelp,
		RunE:    cli.ShowHelp,
	}
	cmd.AddCommand(a.listCommand(), a.showCommand(), a.exportCommand())
	for _, local := range []*cobra.Command{a.eraseCommand(), a.statsCommand(), a.pollCommand()} {
		refuseServer(local)
		cmd.AddCommand(local)
	}
	return cmd
}

// with opens the ledger for one command.
func with(ctx context.Context, conf *cli.ConfigFlag, f func(*ledger.Ledger) error) (err error) {
	l, err := conf.NeedLedger(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return f(l)
}

// withProviders opens the ledger and the providers of the configuration for one
// command.
func withProviders(ctx context.Context, conf *cli.ConfigFlag, f func(*config.Config, *ledger.Ledger) error) (err error) {
	c, err := conf.Load(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	l, err := cli.OpenLedger(ctx, c)
	if err != nil {
		return err
	}
	if l == nil {
		return fmt.Errorf("%s has no database", c.Path)
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return f(c, l)
}

// parseNumber reads a number as people type it, with its calling code.
func parseNumber(s string) (string, error) {
	n, _, err := numbering.Parse(s, "")
	if err != nil {
		return "", fmt.Errorf("%q: %s", s, strings.TrimSuffix(cli.Reason(err), ", or set a region"))
	}
	return n.String(), nil
}

// parseTime reads a time, or a day in UTC.
func parseTime(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s: %q is not a time; want one such as 2026-11-21T08:00:00Z or 2026-11-21", flag, s)
}

// checkSpan refuses times between which there is nothing.
func checkSpan(since, until time.Time) error {
	if until.IsZero() || since.Before(until) {
		return nil
	}
	return fmt.Errorf("--until %s is not after --since %s", until.Format(time.RFC3339), since.Format(time.RFC3339))
}
