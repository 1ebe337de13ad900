package send

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
)

// resolveInLedger lists or settles the messages of unknown outcome in the ledger.
func (a *app) resolveInLedger(ctx context.Context, flags *resolveFlags) (err error) {
	if flags.settle != "" || flags.sent.file.Given() || flags.format.Value == "csv" {
		return errors.New("--settle, --file and --format csv need --journal: a ledger knows the messages by itself")
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
	as := provider.Outcome(flags.as.Value)
	for i := range doubts {
		if as != "" {
			if err := l.Resolve(ctx, doubts[i].ID, as); err != nil {
				return err
			}
			doubts[i].Status = ledger.Status(as)
		}
		if err := a.printDoubt(&doubts[i], flags.format.Value == "json"); err != nil {
			return err
		}
	}
	if as == "" && len(doubts) > 0 {
		return &cli.ExitError{Code: cli.ExitUnknown, Cause: fmt.Errorf("%s of unknown outcome; settle with --as", cli.Plural(len(doubts), "message"))}
	}
	return nil
}

// unknownIn lists the messages of unknown outcome: all of them, or those with the refs.
func unknownIn(ctx context.Context, l *ledger.Ledger, refs []string) (list []ledger.Message, err error) {
	filters := []ledger.Filter{{Status: ledger.Unknown, Limit: ledger.MaxLimit}}
	if len(refs) > 0 {
		filters = nil
		for _, ref := range refs {
			filters = append(filters, ledger.Filter{Ref: ref, Status: ledger.Unknown, Limit: 1})
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
