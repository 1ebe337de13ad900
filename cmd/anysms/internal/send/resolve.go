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
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/journal"
)

func (a *app) resolveCommand() *cobra.Command {
	var path string
	var refs []string
	var format cli.Format
	as := cli.OneOf{Words: []string{"accepted", "not_sent"}}
	cmd := &cobra.Command{
		Use:     "resolve --journal J [--as accepted|not_sent]",
		GroupID: cli.GroupSend,
		Short:   "Settle messages of unknown outcome in a journal",
		Long: `Settle by hand the messages in a journal whose outcome is unknown: those in flight
when the program was killed, and those whose reply from the vendor was lost. Ask
the vendor first. A message settled as accepted is never sent again; one settled
as not_sent is sent by the next "send --file --journal" with the same file.

Without --ref, all of them are settled. Without --as, they are listed and nothing
is changed; the exit code is then 3 if there are any.`,
		Example: `  anysms resolve --journal campaign.journal
  anysms resolve --journal campaign.journal --as accepted --ref order-17
  anysms resolve --journal campaign.journal --as not_sent`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			j, err := openExisting(path)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, j.Close()) }()
			doubts, err := unknown(cmd.Context(), j, refs)
			if err != nil {
				return err
			}
			return a.resolve(j, doubts, provider.Outcome(as.Value), format)
		},
	}
	format.AddTo(cmd)
	f := cmd.Flags()
	f.StringVar(&path, "journal", "", "journal `FILE` that send --file wrote")
	as.AddTo(cmd, "as", "the outcome to record: accepted or not_sent")
	f.StringSliceVar(&refs, "ref", nil, "settle only the message with this `REF`; may be repeated")
	_ = cmd.MarkFlagRequired("journal") // the flag was just defined
	return cmd
}

// openExisting opens an existing journal, so that a mistyped name does not create
// one.
func openExisting(path string) (*journal.Journal, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("--journal: %w", err)
	}
	return journal.Open(path)
}

// unknown lists the messages whose outcome is unknown, in the order of their first
// intent.
func unknown(ctx context.Context, j *journal.Journal, refs []string) ([]router.JournalEntry, error) {
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
	var doubts []router.JournalEntry
	for _, key := range order {
		e := last[key]
		doubt := e.Outcome == "" || e.Outcome == provider.OutcomeUnknown
		if doubt && (len(refs) == 0 || slices.Contains(refs, key)) {
			doubts = append(doubts, e)
		}
	}
	for _, ref := range refs {
		if !slices.ContainsFunc(doubts, func(e router.JournalEntry) bool { return e.Key == ref }) {
			return nil, fmt.Errorf("the journal has no message of unknown outcome with ref %q", ref)
		}
	}
	return doubts, nil
}

func (a *app) resolve(j *journal.Journal, doubts []router.JournalEntry, as provider.Outcome, format cli.Format) error {
	for _, e := range doubts {
		if as != "" {
			if err := j.Resolve(e.Key, as); err != nil {
				return err
			}
			e = router.JournalEntry{Key: e.Key, Provider: e.Provider, Outcome: as, At: time.Now()}
		}
		if err := a.printEntry(e, format); err != nil {
			return err
		}
	}
	if as != "" {
		return j.Sync()
	}
	if len(doubts) > 0 {
		return &cli.ExitError{Code: cli.ExitUnknown, Cause: fmt.Errorf("%s of unknown outcome; settle with --as", cli.Plural(len(doubts), "message"))}
	}
	return nil
}

func (a *app) printEntry(e router.JournalEntry, format cli.Format) error {
	if format.JSON() {
		return a.PrintJSON(e)
	}
	state := string(e.Outcome)
	if state == "" {
		state = "in flight when the program ended"
	}
	_, err := fmt.Fprintf(a.Out, "%s  %s  %s  %s\n", cli.Harmless(e.Key), cli.OrDash(e.Provider), e.At.UTC().Format(time.RFC3339), state)
	return err
}
