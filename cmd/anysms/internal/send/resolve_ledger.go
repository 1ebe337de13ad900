package send

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
	"github.com/anysms/anysms/router"
	"github.com/anysms/anysms/router/ledger"
)

// resolveInLedger lists or settles the messages of unknown outcome in the ledger.
func (a *app) resolveInLedger(ctx context.Context, flags *resolveFlags) (err error) {
	if flags.sent.file.Given() {
		return errors.New("--file needs --journal: a ledger knows the messages by itself")
	}
	l, err := flags.sent.conf.NeedLedger(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	doubts, err := unknownIn(ctx, l, flags.refs)
	if err != nil {
		return err
	}
	as, err := a.decisions(ctx, flags, doubts)
	if err != nil {
		return err
	}
	if flags.format.Value == "csv" {
		err = a.writeDoubts(as)
	}
	settled := 0
	for i := range doubts {
		if decision := as[i].decision; decision != "" {
			if err := l.Resolve(ctx, doubts[i].ID, decision); err != nil {
				return err
			}
			doubts[i].Status = ledger.Status(decision)
			settled++
		}
		if flags.format.Value != "csv" {
			err = errors.Join(err, a.printDoubt(&doubts[i], flags.format.Value == "json"))
		}
	}
	if err != nil {
		return err
	}
	if len(doubts) == 0 {
		a.nothingInDoubt()
	}
	if left := len(doubts) - settled; left > 0 {
		return &cli.ExitError{Code: cli.ExitUnknown, Cause: fmt.Errorf("%s of unknown outcome; settle with --as or --settle", cli.Plural(left, "message"))}
	}
	return nil
}

// decisions lists what the messages are to be settled as, in their order; their keys are
// the ids.
func (a *app) decisions(ctx context.Context, flags *resolveFlags, list []ledger.Message) ([]*doubt, error) {
	doubts := make([]*doubt, len(list))
	for i, m := range list {
		to, _ := e164.Parse(m.To) // what was erased is zero
		entry := router.JournalEntry{Key: m.ID, Provider: m.Provider, At: m.CreatedAt, Outcome: provider.OutcomeUnknown}
		doubts[i] = &doubt{To: to.Masked(), JournalEntry: entry, ref: m.Ref, decision: provider.Outcome(flags.as.Value)}
	}
	if flags.settle == "" {
		return doubts, nil
	}
	return doubts, a.decide(ctx, flags.settle, doubts, namesInLedger)
}

// unknownIn lists the messages of unknown outcome: all of them, those of the gateway's
// clients too, or those with the refs.
func unknownIn(ctx context.Context, l *ledger.Ledger, refs []string) (list []ledger.Message, err error) {
	filters := []ledger.Filter{{Namespace: ledger.AllNamespaces, Status: ledger.Unknown, Limit: ledger.MaxLimit}}
	if len(refs) > 0 {
		filters = nil
		for _, ref := range refs {
			filters = append(filters, ledger.Filter{Namespace: ledger.AllNamespaces, Ref: ref, Status: ledger.Unknown})
		}
	}
	for _, f := range filters {
		before := len(list)
		for {
			page, next, err := l.Messages(ctx, f)
			if err != nil {
				return nil, err
			}
			list = append(list, page...)
			if f.Cursor = next; next == "" {
				break
			}
		}
		if f.Ref != "" && len(list) == before {
			return nil, fmt.Errorf("the ledger has no message of unknown outcome with ref %q", f.Ref)
		}
		if f.Ref != "" && len(list) > before+1 {
			return nil, fmt.Errorf("%d clients have a message of unknown outcome with ref %q: name the one that is meant by its id, with --settle", len(list)-before, f.Ref)
		}
	}
	return list, nil
}

func (a *app) printDoubt(m *ledger.Message, json bool) error {
	if json {
		return a.PrintJSON(m)
	}
	_, err := fmt.Fprintf(a.Out, "%s  %s  %s  %s  %s\n", m.ID, cli.OrDash(cli.Harmless(m.Ref)), cli.OrDash(m.Provider), m.CreatedAt.Format(time.RFC3339), m.Status)
	return err
}
