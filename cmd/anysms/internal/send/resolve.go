package send

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/input"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/journal"
)

const resolveHelp = `Settle messages whose outcome is unknown by hand: those in flight when the program was
killed, and those whose reply from the vendor was lost. They are taken from the journal
given by --journal, else from the database of the configuration. Ask the vendor first.
A message settled as accepted is never sent again; one settled as not_sent is sent by
the next "send --file --journal" with the same file.

Without --as and --settle, they are listed and nothing is changed; the exit code is
then 3 if there are any. A journal has no numbers: with --file, and the flags with
which it was sent, the list has the line and the masked number of each message. The
key is that of send's results in JSON; in a ledger, it is the message's id.

--as settles all of them, or those of --ref, in one way. --settle reads the
decisions from a file with the columns

  key, outcome

where the outcome is accepted, not_sent, or empty to leave the message as it is.
--format csv lists the messages as such a file. A message can also be named by a
column ref, and in a ledger by a column id, as "messages export" has them; if a file
has several of these, they must name the same message. Other columns are ignored. If
a row is wrong, nothing is settled.`

// resolveFlags are the flags of resolve.
type resolveFlags struct {
	journal string
	refs    []string
	as      cli.OneOf
	settle  string
	format  cli.OneOf
	sent    sendFlags // those that say what was sent
}

func (a *app) resolveCommand() *cobra.Command {
	flags := resolveFlags{
		as:     cli.OneOf{Words: []string{"accepted", "not_sent"}},
		format: cli.OneOf{Value: "text", Words: []string{"text", "json", "csv"}},
	}
	cmd := &cobra.Command{
		Use:     "resolve [--journal J] [--as accepted|not_sent | --settle FILE]",
		GroupID: cli.GroupSend,
		Short:   "Settle messages of unknown outcome",
		Long:    resolveHelp,
		Example: `  anysms resolve --journal campaign.journal
  anysms resolve --journal campaign.journal --file campaign.csv --format csv > unknown.csv
  anysms resolve --journal campaign.journal --settle unknown.csv
  anysms resolve --journal campaign.journal --as accepted --ref order-17
  anysms resolve --journal campaign.journal --as not_sent
  anysms resolve --ref order-17 --as accepted`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.check(cmd); err != nil {
				return err
			}
			return a.resolve(cmd.Context(), &flags)
		},
	}
	flags.format.AddTo(cmd, "format", "text for people, json for programs, csv for --settle")
	f := cmd.Flags()
	f.StringVar(&flags.journal, "journal", "", "journal `FILE` that send --file wrote")
	flags.as.AddTo(cmd, "as", "the outcome to record: accepted or not_sent")
	f.StringSliceVar(&flags.refs, "ref", nil, "only the message with this `REF`; may be repeated")
	f.StringVar(&flags.settle, "settle", "", "settle each message as this `FILE` says, in its columns key (or ref, or id) and outcome")
	flags.sent.file.AddTo(cmd, "the `FILE` that was sent, for the line and number of each message", "`COLUMN` with the numbers")
	f.StringVar(&flags.sent.from, "from", "", "with --file: the `SENDER` that send was given")
	f.StringVar(&flags.sent.at, "at", "", "with --file: the `TIME` that send was given")
	f.StringVar(&flags.sent.file.Region, "region", "", "with --file: the `COUNTRY` that send was given (default: default_region of the configuration)")
	flags.sent.conf.AddTo(cmd)
	return cmd
}

// check rejects flags that cannot be combined.
func (f *resolveFlags) check(cmd *cobra.Command) error {
	if err := errors.Join(cli.AtMostOne(cmd, "as", "settle"), cli.AtMostOne(cmd, "ref", "settle"), f.sent.file.Check(cmd)); err != nil {
		return err
	}
	if f.sent.file.Given() || f.journal == "" {
		return nil
	}
	return input.Without(cmd, append(input.Names(), "from", "at", "region", "config"))
}

func (a *app) resolve(ctx context.Context, flags *resolveFlags) (err error) {
	if flags.journal == "" {
		return a.resolveInLedger(ctx, flags)
	}
	if _, err := os.Stat(flags.journal); err != nil { // a mistyped name must not create one
		return fmt.Errorf("--journal: %w", err)
	}
	j, err := journal.Open(flags.journal)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	doubts, err := unknown(ctx, j, flags.refs)
	if err != nil {
		return err
	}
	if flags.sent.file.Given() {
		if err := a.locate(ctx, &flags.sent, doubts); err != nil {
			return err
		}
	}
	switch {
	case flags.settle != "":
		if err := a.decide(ctx, flags.settle, doubts, namesInJournal); err != nil {
			return err
		}
	case flags.as.Value != "":
		for _, d := range doubts {
			d.decision = provider.Outcome(flags.as.Value)
		}
	default:
		return a.listDoubts(doubts, flags.format.Value)
	}
	return a.settle(j, doubts, flags.format.Value)
}

// doubt is a message whose outcome is unknown.
type doubt struct {
	Line int    `json:"line,omitempty"` // of the file that was sent; 0 = not looked for, or not found
	To   string `json:"to,omitempty"`   // masked
	router.JournalEntry

	ref      string           // in a ledger
	decision provider.Outcome // "" = none
}

// unknown lists the messages whose outcome is unknown, in the order of their first
// intent.
func unknown(ctx context.Context, j *journal.Journal, refs []string) ([]*doubt, error) {
	last := make(map[string]router.JournalEntry)
	var order []string
	for e, err := range j.Entries(ctx) {
		if err != nil {
			return nil, err
		}
		if _, seen := last[e.Key]; !seen {
			order = append(order, e.Key)
		}
		last[e.Key] = e
	}
	var doubts []*doubt
	for _, key := range order {
		e := last[key]
		open := e.Outcome == "" || e.Outcome == provider.OutcomeUnknown
		if open && (len(refs) == 0 || slices.Contains(refs, key)) {
			doubts = append(doubts, &doubt{JournalEntry: e})
		}
	}
	for _, ref := range refs {
		if !slices.ContainsFunc(doubts, func(d *doubt) bool { return d.Key == ref }) {
			return nil, fmt.Errorf("the journal has no message of unknown outcome with ref %q", ref)
		}
	}
	return doubts, nil
}

// listDoubts prints the messages. The error is the exit code if there are any.
func (a *app) listDoubts(doubts []*doubt, format string) error {
	if err := a.printDoubts(doubts, format); err != nil {
		return err
	}
	if len(doubts) == 0 {
		a.nothingInDoubt()
		return nil
	}
	return &cli.ExitError{Code: cli.ExitUnknown, Cause: fmt.Errorf("%s of unknown outcome; settle with --as or --settle", cli.Plural(len(doubts), "message"))}
}

func (a *app) nothingInDoubt() { fmt.Fprintln(a.Err, "no message has an unknown outcome") }

// settle records the decisions, and prints what was settled.
func (a *app) settle(j *journal.Journal, doubts []*doubt, format string) error {
	var settled []*doubt
	for _, d := range doubts {
		if d.decision == "" {
			continue
		}
		if err := j.Resolve(d.Key, d.decision); err != nil {
			return err
		}
		d.JournalEntry = router.JournalEntry{Key: d.Key, Provider: d.Provider, Outcome: d.decision, At: time.Now()}
		settled = append(settled, d)
	}
	if err := j.Sync(); err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "%s settled, %s left with an unknown outcome\n", cli.Plural(len(settled), "message"), cli.Grouped(len(doubts)-len(settled)))
	return a.printDoubts(settled, format)
}
