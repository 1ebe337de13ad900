package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
)

const statusHelp = `Ask a vendor for the delivery status of a message, by the id that send printed. Where the
configuration has a database, the status is recorded in it.

With --wait, the vendor is asked again until the status is final, and each change is
shown on stderr. Where there is a database, a report that another process records ends
the waiting too, such as a callback to "anysms serve"; so vendors that cannot be asked
can be waited for. The exit code is then 0 if the message was delivered, and 1 if it
was not, or if the time ends before the status is final.`

// waiting says whether and how to wait for a final status.
type waiting struct {
	on          bool
	most, every time.Duration
}

func (w *waiting) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&w.on, "wait", false, "wait until the status is final")
	f.DurationVar(&w.most, "timeout", 10*time.Minute, "with --wait: wait at most this `DURATION`")
	f.DurationVar(&w.every, "every", 5*time.Second, "with --wait: `DURATION` between two requests")
}

func (w *waiting) check(cmd *cobra.Command) error {
	for name, given := range map[string]time.Duration{"timeout": w.most, "every": w.every} {
		if !w.on && cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s needs --wait", name)
		}
		if given <= 0 {
			return fmt.Errorf("--%s %s; want a positive duration such as 30s", name, given)
		}
	}
	return nil
}

// waitForStatus asks until the status is final, and prints the last one.
func (a *app) waitForStatus(ctx context.Context, p provider.Provider, q *question, w *waiting) error {
	limited, cancel := context.WithTimeout(ctx, w.most)
	defer cancel()
	last, err := a.follow(limited, p, q, w.every)
	if last == nil {
		if limited.Err() != nil && ctx.Err() == nil {
			return fmt.Errorf("no status within %s: %w", w.most, err)
		}
		return err
	}
	if err := a.printStatus(q, last); err != nil {
		return err
	}
	switch {
	case last.Final && last.Status == provider.StatusDelivered:
		return nil
	case last.Final:
		return &cli.ExitError{Code: cli.ExitRefused}
	case ctx.Err() != nil:
		return a.notFinal(q, errors.New("interrupted; the status is not final"))
	case limited.Err() != nil:
		return a.notFinal(q, fmt.Errorf("the status is not final after %s", w.most))
	}
	return a.notFinal(q, fmt.Errorf("the status is not final: %w", err))
}

// notFinal ends the command with exit code 1. The status was printed: that it is not
// final is in the JSON too.
func (a *app) notFinal(q *question, cause error) error {
	fmt.Fprintf(a.Err, "anysms: %s: %s\n", q.provider, cli.Harmless(cli.Reason(cause)))
	return &cli.ExitError{Code: cli.ExitRefused}
}

// lookEvery is how often the ledger is looked at, which costs a vendor nothing.
const lookEvery = 250 * time.Millisecond

// follower follows the status of a message.
type follower struct {
	*app
	question *question
	provider provider.Provider

	last *provider.Event // nil = none is known
	err  error           // why it was not read the last time
	mute bool            // the vendor cannot be asked, so that the ledger alone can tell
}

// follow asks the vendor and looks into the ledger until the status is final, the context
// ends, or the provider refuses. It returns the last status, nil if there was none, and
// why it stopped.
func (a *app) follow(ctx context.Context, p provider.Provider, q *question, every time.Duration) (last *provider.Event, err error) {
	f := &follower{app: a, question: q, provider: p}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var look <-chan time.Time
	if q.ledger != nil {
		ticker := time.NewTicker(min(every, lookEvery))
		defer ticker.Stop()
		look = ticker.C
	}
	for done := f.ask(ctx); !done; {
		select {
		case <-tick.C:
			done = f.ask(ctx)
		case <-look:
			done = f.look(ctx)
		case <-ctx.Done():
			return f.last, cmp.Or(f.err, ctx.Err())
		}
	}
	return f.last, f.err
}

// ask asks the vendor. It reports whether there is nothing more to wait for.
func (f *follower) ask(ctx context.Context) (done bool) {
	if f.mute {
		return false
	}
	event, err := f.question.read(ctx, f.provider)
	switch {
	case err == nil:
		f.err = nil
		return f.learn(event)
	case f.question.ledger != nil && errors.Is(err, errors.ErrUnsupported):
		fmt.Fprintf(f.Err, "%s cannot be asked for a status; waiting for its report in the ledger\n", f.question.provider)
		f.mute = true
		return f.look(ctx)
	}
	f.err = err
	return ctx.Err() == nil && !passing(err)
}

// look looks for reports that this or another process has recorded.
func (f *follower) look(ctx context.Context) (done bool) {
	event, err := f.question.ledger.Reported(ctx, f.question.provider, f.question.id)
	switch {
	case err != nil:
		f.err = err
	case event != nil && (event.Final || f.mute):
		f.err = nil
		return f.learn(event)
	}
	return false
}

// learn shows a status that is another than before. It reports whether it is final.
func (f *follower) learn(e *provider.Event) (final bool) {
	if f.last == nil || f.last.Status != e.Status {
		fmt.Fprintf(f.Err, "%s  %s\n", time.Now().UTC().Format(time.TimeOnly), e.Status)
	}
	f.last = e
	return e.Final
}

// passing reports whether a failed request may succeed later. Asking has no effect,
// so that a lost reply is no harm.
func passing(err error) bool {
	switch provider.CodeOf(err) {
	case provider.Unavailable, provider.RateLimited, provider.Indeterminate:
		return !errors.Is(err, errors.ErrUnsupported)
	}
	return false
}
