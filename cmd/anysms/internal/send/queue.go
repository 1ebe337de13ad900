package send

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

const queueHelp = `Send messages durably: they are first stored in the database of the configuration, and
then sent by a worker. A crash at any point loses none, and sends none twice unless its
delivery mode allows that.

  database: anysms.db          # or postgres://user:${PASSWORD}@host/db

  anysms queue add --file campaign.csv --class marketing
  anysms queue run

Workers are "anysms queue run" and "anysms serve". A SQLite database has one worker, and
any number of processes can add messages. A PostgreSQL database can have any number of
workers, on any number of machines.

A message that no vendor accepts for the time being is tried again: for 5 minutes if it
is a one-time code, 24 hours if transactional, 72 hours if marketing, and for as long as
attempts are left (router.attempt_budget; those that find all providers out do not count).
Then its outcome is not_sent, and "anysms queue retry" can put it back.`

func (a *app) queueCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "queue",
		GroupID: cli.GroupSend,
		Short:   "Send messages durably: add, run, stats, pause, resume, dead, retry",
		Long:    queueHelp,
		Args:    cli.Subcommand,
		RunE:    cli.ShowHelp,
	}
	cmd.AddCommand(a.queueAddCommand(), a.queueRunCommand(), a.queueStatsCommand(),
		a.queuePauseCommand(true), a.queuePauseCommand(false), a.queueDeadCommand(), a.queueRetryCommand())
	return cmd
}

// withQueue opens the queue of the configuration for one command.
func withQueue(ctx context.Context, conf *config.Config, f func(*queue.Queue) error) (err error) {
	l, err := cli.OpenLedger(ctx, conf)
	if err != nil {
		return err
	}
	if l == nil {
		return fmt.Errorf("%s has no database; add a line such as \"database: anysms.db\"", conf.Path)
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	opts := conf.Options
	cli.Record(&opts, conf, l)
	if err := cli.ShareLimits(conf, l); err != nil {
		return err
	}
	r, err := conf.NewRouter("", opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close(context.WithoutCancel(ctx))) }()
	q, done, err := cli.OpenQueue(ctx, conf, l, r, queue.Options{Keep: opts.StoreOptions.Keep})
	if err != nil {
		return err
	}
	defer done()
	return f(q)
}

// loadedQueue loads the configuration and opens its queue for one command.
func loadedQueue(ctx context.Context, flag *cli.ConfigFlag, f func(*queue.Queue) error) error {
	conf, err := flag.Load(ctx)
	if err != nil {
		return err
	}
	defer conf.Close()
	return withQueue(ctx, conf, f)
}

func (a *app) queueRunCommand() *cobra.Command {
	var conf cli.ConfigFlag
	var untilEmpty bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Send queued messages until interrupted",
		Long: `Send queued messages until interrupted. On Ctrl-C or SIGTERM it starts no new messages,
finishes those in flight, and exits with 0. Meanwhile it deletes what is older than
ledger.retention, and texts older than ledger.settle.

A SQLite database can have only one worker: a second one exits with 2 and names the first.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return loadedQueue(cmd.Context(), &conf, func(q *queue.Queue) error { return a.runQueue(cmd.Context(), q, untilEmpty) })
		},
	}
	cmd.Flags().BoolVar(&untilEmpty, "until-empty", false, "exit when the queue is empty and nothing is scheduled")
	conf.AddTo(cmd)
	return cmd
}

// lookEvery is how often a running queue is counted.
const lookEvery = time.Second

func (a *app) runQueue(ctx context.Context, q *queue.Queue, untilEmpty bool) error {
	ctx, cancel := context.WithCancel(ctx)
	var maintained sync.WaitGroup
	defer maintained.Wait()
	defer cancel()
	maintained.Go(func() { q.Ledger().Maintain(ctx) })
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	progress := cli.NewProgress(a.Err, "messages left", nil)
	defer progress.End()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-ticker.C:
			left, err := left(ctx, q)
			if err == nil {
				progress.Show(left)
			}
			if untilEmpty && err == nil && left == 0 {
				cancel()
			}
		}
	}
}

// left is how many messages are still to be sent.
func left(ctx context.Context, q *queue.Queue) (n int, err error) {
	list, err := q.Stats(ctx)
	for _, d := range list {
		n += d.Ready + d.Later
	}
	return n, err
}

func (a *app) queueStatsCommand() *cobra.Command {
	var conf cli.ConfigFlag
	var format cli.Format
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Show how many messages are queued, by class",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			l, err := conf.NeedLedger(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, l.Close()) }()
			list, err := l.Depths(cmd.Context())
			if err != nil {
				return err
			}
			return a.printDepths(list, format)
		},
	}
	conf.AddTo(cmd)
	format.AddTo(cmd)
	return cmd
}

func (a *app) printDepths(list []ledger.Depth, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(map[string]any{"classes": list})
	}
	rows := [][]string{{"class", "ready", "later", "dead", "oldest", ""}}
	for _, d := range list {
		oldest, paused := "", ""
		if !d.Oldest.IsZero() {
			oldest = d.Oldest.Format(time.RFC3339)
		}
		if d.Paused {
			paused = "paused"
		}
		rows = append(rows, []string{string(d.Class), cli.Grouped(d.Ready), cli.Grouped(d.Later), cli.Grouped(d.Dead), cli.OrDash(oldest), paused})
	}
	return a.Table(rows)
}

func (a *app) queuePauseCommand(pause bool) *cobra.Command {
	var conf cli.ConfigFlag
	use, short, done := "pause", "Stop sending the messages of a class, in every worker", "paused"
	if !pause {
		use, short, done = "resume", "Continue sending the messages of a class", "resumed"
	}
	cmd := &cobra.Command{
		Use:       use + " " + strings.Join(classes, "|"),
		Short:     short,
		Args:      cobra.ExactArgs(1),
		ValidArgs: classes,
		RunE: func(cmd *cobra.Command, args []string) error {
			class, err := parseClass(args[0])
			if err != nil {
				return err
			}
			return loadedQueue(cmd.Context(), &conf, func(q *queue.Queue) error {
				change := q.Resume
				if pause {
					change = q.Pause
				}
				if err := change(cmd.Context(), class); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.Out, "%s %s\n", done, class)
				return err
			})
		},
	}
	conf.AddTo(cmd)
	return cmd
}
