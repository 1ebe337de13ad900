package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
	"github.com/anysms/anysms/router/ledger"
)

// question has the flags of a command that asks one provider.
type question struct {
	format   cli.Format
	conf     cli.ConfigFlag
	provider string
	id       string         // of the message that is asked about; "" = none
	ledger   *ledger.Ledger // records what a vendor says; nil = nobody does
}

func (q *question) addTo(cmd *cobra.Command) {
	q.addOptional(cmd)
	_ = cmd.MarkFlagRequired("provider") // the flag was just defined
}

// addOptional adds the flags, of which none is required.
func (q *question) addOptional(cmd *cobra.Command) {
	q.format.AddTo(cmd)
	q.conf.AddTo(cmd)
	cmd.Flags().StringVar(&q.provider, "provider", "", "`NAME` of the provider to ask")
	q.conf.CompleteProvider(cmd)
}

// failure is the JSON output if the provider does not reply, or refuses.
type failure struct {
	ID       string        `json:"id,omitempty"`
	Provider string        `json:"provider"`
	Code     provider.Code `json:"code"`
	Message  string        `json:"message"`
}

// ask loads the configuration and calls f with the provider.
func (a *app) ask(ctx context.Context, q *question, f func(*config.Config, provider.Provider) error) error {
	conf, err := q.conf.Load(ctx)
	if err != nil {
		return err
	}
	defer conf.Close()
	p, err := conf.Provider(q.provider)
	if err != nil {
		return err
	}
	err = providerError(q.provider, f(conf, p.Upstream.Provider))
	if failed, ok := errors.AsType[*cli.ExitError](err); ok && failed.Cause != nil && q.format.JSON() {
		return a.printFailure(q, failed)
	}
	return err
}

// printFailure prints the error as the output, and leaves its exit code.
func (a *app) printFailure(q *question, failed *cli.ExitError) error {
	message := cli.Reason(failed.Cause)
	if errors.Is(failed.Cause, errors.ErrUnsupported) {
		message = notAvailable
	}
	if err := a.PrintJSON(failure{q.id, q.provider, provider.CodeOf(failed.Cause), message}); err != nil {
		return err
	}
	return &cli.ExitError{Code: failed.Code}
}

// notAvailable is the message for what a provider does not offer.
const notAvailable = "not available from this provider"

// providerError gives an error of a provider its exit code, unless it has one.
func providerError(name string, err error) error {
	if err == nil {
		return nil
	}
	if decided, ok := errors.AsType[*cli.ExitError](err); ok {
		return decided
	}
	code := cli.ExitRefused
	if provider.CodeOf(err) == provider.Indeterminate {
		code = cli.ExitUnknown
	}
	return &cli.ExitError{Code: code, Cause: fmt.Errorf("%s: %w", name, err)}
}
