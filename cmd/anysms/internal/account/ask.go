package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/config"
)

// question has the flags of a command that asks one provider.
type question struct {
	format   cli.Format
	conf     cli.ConfigFlag
	provider string
}

func (q *question) addTo(cmd *cobra.Command) {
	q.format.AddTo(cmd)
	q.conf.AddTo(cmd)
	cmd.Flags().StringVar(&q.provider, "provider", "", "`NAME` of the provider to ask")
	_ = cmd.MarkFlagRequired("provider") // the flag was just defined
}

// ask loads the configuration and calls f with the provider.
func (q *question) ask(ctx context.Context, f func(*config.Config, provider.Provider) error) error {
	conf, err := q.conf.Load(ctx)
	if err != nil {
		return err
	}
	defer conf.Close()
	p, err := conf.Provider(q.provider)
	if err != nil {
		return err
	}
	return providerError(q.provider, f(conf, p.Upstream.Provider))
}

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
