package send

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/cmd/anysms/internal/source"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/queue"
)

const queueAddHelp = `Add messages to the queue. When the command returns they are durable, and a worker sends
them. It prints the id of each message; "anysms messages show ID" shows its progress.

The file has the columns of "anysms send --file". A row whose ref is known is not queued
again: the id of its message is printed, as "known already". So a file whose rows have refs
can be added again after an interruption. A row without a ref is queued each time.`

const queueAddExamples = `  anysms queue add --file campaign.csv --class marketing --format json > queued.jsonl
  anysms queue add --to +306900000001 --text "Your table is ready" --ref table-7
  anysms queue add --to - --text "We open at 10" < numbers.txt`

func (a *app) queueAddCommand() *cobra.Command {
	flags := sendFlags{
		class:      cli.OneOf{Words: classes},
		delivery:   cli.OneOf{Words: []string{"at_most_once", "reconcile", "at_least_once"}},
		duplicates: cli.OneOf{Value: "send", Words: []string{"send", "refuse"}},
	}
	cmd := &cobra.Command{
		Use:     "add --file F | --to N --text T",
		Short:   "Queue a message, or a file of messages",
		Long:    queueAddHelp,
		Example: queueAddExamples,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.check(cmd); err != nil {
				return err
			}
			return a.queueAdd(cmd.Context(), &flags)
		},
	}
	f := cmd.Flags()
	f.Var(cli.Once(&flags.to, "several numbers are read from stdin, by --to -"), "to", "recipient's `NUMBER`, or - for numbers from stdin, one in each line")
	f.Var(cli.Once(&flags.text, "one message has one text"), "text", "`TEXT` of the message")
	f.StringVar(&flags.from, "from", "", "`SENDER`: a number, a short code or a name")
	f.StringVar(&flags.ref, "ref", "", "your own `ID` for the message")
	flags.class.AddTo(cmd, "class", "kind of message; each has a lane of its own")
	f.StringVar(&flags.tag, "tag", "", "your own `LABEL`, for routes and statistics")
	flags.delivery.AddTo(cmd, "delivery", "what to do if a vendor may have accepted the message")
	f.DurationVar(&flags.validity, "validity", 0, "how long it may take to deliver it, from now or --at, such as 90s")
	f.StringVar(&flags.at, "at", "", "`TIME` to send it, such as 2030-01-02T15:04:05Z")
	flags.file.AddTo(cmd, "queue every row of a `FILE`; - is stdin", "`COLUMN` with the numbers")
	f.StringVar(&flags.file.Region, "region", "", "`COUNTRY` of numbers without a calling code, such as GR; international: only the plus sign is missing (default: default_region of the configuration)")
	flags.duplicates.AddTo(cmd, "duplicates", "with --file: rows with the same number, text, sender and time as an earlier row")
	f.BoolVar(&flags.allowInvalid, "allow-invalid", false, "with --file: exit with 0 even if rows were refused")
	flags.conf.AddTo(cmd)
	flags.format.AddTo(cmd)
	return cmd
}

func (a *app) queueAdd(ctx context.Context, flags *sendFlags) error {
	rows, err := a.rowsToQueue(ctx, flags)
	if err != nil {
		return err
	}
	defer rows.from.Close()
	conf, err := flags.conf.Load(ctx)
	if err != nil {
		return err
	}
	defer conf.Close()
	rows.region = flags.regionOf(conf)
	rows.refuseRepeats, rows.queues = flags.duplicates.Value == "refuse", true
	progress := cli.NewProgress(a.Err, "messages", nil)
	if progress.Shown() && flags.file.Given() {
		progress.Of(flags.file.Count(ctx, input.Needs{To: true, More: optional}))
	}
	defer progress.End()
	return withQueue(ctx, conf, func(q *queue.Queue) error {
		b := &adding{app: a, reader: rows, queue: q, format: flags.format, progress: progress, many: flags.many()}
		if err := b.all(ctx); err != nil {
			return err
		}
		progress.End()
		return b.verdict(ctx, flags)
	})
}

// rowsToQueue opens the file, stdin with its numbers, or the one message of the flags.
func (a *app) rowsToQueue(ctx context.Context, flags *sendFlags) (*reader, error) {
	if flags.many() {
		return a.openRows(ctx, flags)
	}
	base, err := flags.message()
	if err != nil {
		return nil, err
	}
	from, err := source.Open(ctx, source.Stdin, strings.NewReader(flags.to+"\n"), "")
	if err != nil {
		return nil, err
	}
	return numbersReader(from, base), nil
}

// adding queues the rows of a file, many in one commit.
type adding struct {
	*app
	*reader
	queue    *queue.Queue
	format   cli.Format
	progress *cli.Progress

	many bool

	waiting []waitingRow
	printed int
	known   int
	refused int
}

type waitingRow struct {
	row
	item queue.Item
}

// addTogether is how many messages share a commit.
const addTogether = 500

func (b *adding) all(ctx context.Context) error {
	index := 0
	for m := range b.messages(func() bool { return ctx.Err() != nil }) {
		r := b.rowAt(index)
		if !b.many {
			r.line = 0
		}
		index++
		b.waiting = append(b.waiting, waitingRow{r, queue.Item{Message: m}})
		if len(b.waiting) >= addTogether {
			if err := b.flush(ctx); err != nil {
				return err
			}
		}
	}
	if err := b.flush(ctx); err != nil {
		return err
	}
	return b.readErr
}

// flush queues what has gathered, also if the command was interrupted meanwhile.
func (b *adding) flush(ctx context.Context) error {
	var items []queue.Item
	for _, r := range b.waiting {
		if r.bad == nil {
			items = append(items, r.item)
		}
	}
	list, err := b.queue.EnqueueAll(context.WithoutCancel(ctx), items...)
	if queued := b.printed - b.refused; err != nil && queued > 0 {
		return &cli.ExitError{Code: cli.ExitRefused, Cause: fmt.Errorf("%w; queued before: %s", err, cli.Plural(queued, "message"))}
	}
	if err != nil {
		return err
	}
	for _, r := range b.waiting {
		var e queue.Enqueued
		if r.bad != nil {
			e.Err = r.bad
		} else {
			e, list = list[0], list[1:]
		}
		if err := b.print(r, e); err != nil {
			return err
		}
	}
	b.waiting = b.waiting[:0]
	b.progress.Show(b.printed)
	return nil
}

// queuedJSON is a row of the output.
type queuedJSON struct {
	Line     int           `json:"line,omitempty"`
	ID       string        `json:"id"`
	Ref      string        `json:"ref"`
	Status   ledger.Status `json:"status"` // queued or refused
	Replayed bool          `json:"replayed"`
	Code     provider.Code `json:"code"`
	Message  string        `json:"message"`
}

func (b *adding) print(r waitingRow, e queue.Enqueued) error {
	b.printed++
	j := queuedJSON{Line: r.line, ID: e.ID, Ref: r.item.Message.Ref, Status: ledger.Queued, Replayed: e.Replayed}
	if e.Err != nil {
		b.refused++
		j.Status, j.Code, j.Message = ledger.Refused, provider.CodeOf(e.Err), cli.Reason(e.Err)
		if errors.Is(e.Err, router.ErrRefReused) {
			j.Code = provider.InvalidMessage
		}
	} else if e.Replayed {
		b.known++
		if r.repeat {
			b.repeatsKnown++
		}
	}
	if b.format.JSON() {
		return b.PrintJSON(j)
	}
	words := string(j.Status)
	switch {
	case e.Err != nil:
		words = fmt.Sprintf("%s (%s: %s)", j.Status, j.Code, j.Message)
	case e.Replayed:
		words = "known already"
	}
	var line string
	if j.Line > 0 {
		line = fmt.Sprintf("line %d: ", j.Line)
	}
	_, err := fmt.Fprintf(b.Out, "%s%s %s\n", line, words, j.ID)
	return err
}

// verdict prints what became of the rows and returns what the command exits with.
func (b *adding) verdict(ctx context.Context, flags *sendFlags) error {
	b.warn(b.notes())
	if b.many {
		fmt.Fprintf(b.Err, "%s: %s queued, %s known already, %s refused\n", cli.Plural(b.printed, "message"),
			cli.Grouped(b.printed-b.known-b.refused), cli.Grouped(b.known), cli.Grouped(b.refused))
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w; what is printed above is queued", context.Cause(ctx))
	case b.refused > 0 && !flags.allowInvalid:
		return &cli.ExitError{Code: cli.ExitRefused}
	}
	return nil
}
