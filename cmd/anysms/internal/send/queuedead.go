package send

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

// deadFlags select dead letters.
type deadFlags struct{ class, code cli.OneOf }

func (f *deadFlags) addTo(cmd *cobra.Command, verb string) {
	f.class.Words = classes
	for _, c := range provider.Codes() {
		f.code.Words = append(f.code.Words, string(c))
	}
	f.class.AddTo(cmd, "class", verb+" those of this class")
	f.code.AddTo(cmd, "code", verb+" those with this code, such as no_route")
}

func (f *deadFlags) filter() ledger.DeadFilter {
	return ledger.DeadFilter{Class: provider.Class(f.class.Value), Code: provider.Code(f.code.Value)}
}

// letter is a dead letter as it is printed.
type letter struct {
	ID        string         `json:"id"`
	Ref       string         `json:"ref"`
	Class     provider.Class `json:"class"`
	Status    ledger.Status  `json:"status"`
	Code      provider.Code  `json:"code"`
	Reason    string         `json:"reason"`
	CreatedAt time.Time      `json:"created_at"`
	DeadSince time.Time      `json:"dead_since"`
}

func (a *app) queueDeadCommand() *cobra.Command {
	var conf cli.ConfigFlag
	var format cli.Format
	var flags deadFlags
	var limit int
	cmd := &cobra.Command{
		Use:   "dead",
		Short: "List the messages that were given up or refused, and why",
		Long: `Lists the dead letters: messages that were given up as not_sent, or refused, and whose
texts are still kept (ledger.settle, 72h). "anysms queue retry" puts them back.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if limit < 1 {
				return fmt.Errorf("--limit %d; want at least 1", limit)
			}
			l, err := conf.NeedLedger(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, l.Close()) }()
			f := flags.filter()
			f.Limit = limit
			list, err := l.DeadLetters(cmd.Context(), f)
			if err != nil {
				return err
			}
			return a.printLetters(list, format)
		},
	}
	flags.addTo(cmd, "list")
	cmd.Flags().IntVar(&limit, "limit", ledger.DefaultLimit, "how many are listed, the oldest first")
	conf.AddTo(cmd)
	format.AddTo(cmd)
	return cmd
}

func (a *app) printLetters(list []ledger.DeadLetter, format cli.Format) error {
	letters := make([]letter, len(list))
	rows := [][]string{{"dead since", "class", "status", "code", "id", "reason"}}
	for i, d := range list {
		letters[i] = letter{d.ID, d.Message.Ref, d.Class(), d.Status, d.Code, d.Reason, d.CreatedAt, d.Since}
		rows = append(rows, []string{d.Since.Format(time.RFC3339), string(d.Class()), string(d.Status), string(d.Code), d.ID, d.Reason})
	}
	if format.JSON() {
		return a.PrintJSON(map[string]any{"items": letters})
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(a.Err, "no dead letters")
		return err
	}
	return a.Table(rows)
}

func (a *app) queueRetryCommand() *cobra.Command {
	var conf cli.ConfigFlag
	var flags deadFlags
	var all bool
	cmd := &cobra.Command{
		Use:   "retry ID… | --class C | --code C | --all",
		Short: "Put messages back that were given up or refused",
		Long: `Puts dead letters back into the queue, for as long as their texts are kept
(ledger.settle, 72h). "anysms queue dead" lists them.

By ids it puts back any of them; --all and --class put back what was not sent. What was
refused would be refused again: once the cause is fixed, name its code.

  anysms queue retry --all
  anysms queue retry --code no_route      # the route is there now`,
		RunE: func(cmd *cobra.Command, args []string) error {
			filter := flags.filter()
			if chosen := filter != (ledger.DeadFilter{}); all && chosen || (len(args) > 0) == (all || chosen) {
				return errors.New("give ids, --class, --code or --all")
			}
			return loadedQueue(cmd.Context(), &conf, func(q *queue.Queue) error {
				n, err := 0, error(nil)
				if len(args) > 0 {
					n, err = q.Retry(cmd.Context(), args...)
				} else {
					n, err = q.RetryAll(cmd.Context(), filter)
				}
				if errors.Is(err, ledger.ErrNotFound) {
					return fmt.Errorf("%w; \"anysms queue dead\" lists the messages that can be put back", err)
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.Out, "%s put back\n", cli.Plural(n, "message"))
				return err
			})
		},
	}
	flags.addTo(cmd, "put back")
	cmd.Flags().BoolVar(&all, "all", false, "put back all that were not sent")
	conf.AddTo(cmd)
	return cmd
}
