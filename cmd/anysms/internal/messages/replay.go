package messages

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
)

const replayHelp = `Process callbacks from a JSON Lines file, such as a log, as if the vendors had just sent
them. Each line is one request:

  {"provider": "athens", "method": "POST", "url": "https://…", "header": {"Content-Type": ["application/json"]}, "body": "…"}

Only provider and body are required; use body_base64 instead of body for binary data. A
callback that has all its values in the url needs no body. Other keys are ignored. The
file may be compressed with gzip or zstd; - is stdin. Signatures are verified. A callback
that was recorded before changes nothing, so a file can be replayed again after an
interruption. Invalid lines are reported and skipped, and the exit code is then 1; so it
is if an item of a batch cannot be read, which is kept as "anysms webhook unreadable"
shows.`

func (a *app) replayCommand() *cobra.Command {
	var conf cli.ConfigFlag
	cmd := &cobra.Command{
		Use:     "replay FILE",
		Short:   "Process callbacks from a file",
		Long:    replayHelp,
		Example: "  anysms webhook replay callbacks.jsonl",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := source.Open(cmd.Context(), args[0], a.In, "")
			if err != nil {
				return err
			}
			defer in.Close()
			return withProviders(cmd.Context(), &conf, func(c *config.Config, l *ledger.Ledger) error {
				return a.replay(cmd.Context(), c, l, in.Name, in)
			})
		},
	}
	conf.AddTo(cmd)
	return cmd
}

func (a *app) replay(ctx context.Context, c *config.Config, l *ledger.Ledger, name string, in io.Reader) error {
	var total ledger.Recorded
	wrong, unread := 0, 0
	report := func(line int, words string) {
		fmt.Fprintln(a.Err, cli.Harmless(fmt.Sprintf("%s:%d: %s", name, line, words)))
	}
	err := eachLine(in, func(line int, text []byte, err error) error {
		var p string
		var events []provider.Event
		if err == nil {
			p, events, err = parseReplayed(ctx, c, text)
		}
		if err != nil {
			wrong++
			report(line, provider.Mask(err.Error()))
			return ctx.Err()
		}
		counts, err := l.Record(ctx, p, events...)
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		total.Add(counts)
		if bad := unreadIn(events); bad > 0 {
			unread += bad
			report(line, cli.Plural(bad, "item")+" of the batch could not be read; the others are recorded, see \"anysms webhook unreadable\"")
		}
		return nil
	})
	fmt.Fprintf(a.Err, "%s, %d known already, %d about no known message, %d settled doubt; left out %s\n",
		cli.Plural(total.New, "new event"), total.Repeated, total.Unmatched, total.Settled, cli.Plural(wrong, "line"))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w; the rest was not read, and the file can be replayed again", name, err)
	case wrong+unread > 0:
		return &cli.ExitError{Code: 1}
	}
	return nil
}

// unreadIn counts the items of a batch that could not be read.
func unreadIn(events []provider.Event) (n int) {
	for i := range events {
		if events[i].Kind == provider.Unreadable {
			n++
		}
	}
	return n
}
