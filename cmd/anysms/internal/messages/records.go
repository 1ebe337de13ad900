package messages

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/anysms/anysms/cmd/anysms/internal/cli"
	"github.com/anysms/anysms/cmd/anysms/internal/remote"
	"github.com/anysms/anysms/router/ledger"
)

// records is a [ledger.Ledger], or the gateway that has it.
type records interface {
	Message(ctx context.Context, id string) (*ledger.Message, error)
	Messages(ctx context.Context, f ledger.Filter) (list []ledger.Message, next string, err error)
	OptOut(ctx context.Context, list ...ledger.OptOut) (added int, err error)
	OptIn(ctx context.Context, number string) (removed int, err error)
	OptOuts(ctx context.Context, number string) iter.Seq2[ledger.OptOut, error]
	Close() error
}

// place is the flags that say where the records are.
type place struct {
	conf   cli.ConfigFlag
	server remote.Flags
}

func (p *place) addTo(cmd *cobra.Command) {
	p.conf.AddTo(cmd)
	p.server.AddTo(cmd)
}

// with opens the records for one command.
func (p *place) with(cmd *cobra.Command, f func(records) error) (err error) {
	r, err := p.open(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return f(r)
}

func (p *place) open(cmd *cobra.Command) (records, error) {
	given, err := p.server.Given(cmd)
	switch {
	case err != nil:
		return nil, err
	case given:
		return p.server.Open(cmd)
	}
	return p.conf.NeedLedger(cmd.Context())
}

// refuseServer makes a command that no gateway offers say so where --server is given.
func refuseServer(cmd *cobra.Command) {
	var f remote.Flags
	known := remote.Names()
	f.AddTo(cmd)
	for _, name := range known {
		_ = cmd.Flags().MarkHidden(name) // it was just defined
	}
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, name := range known {
			if cmd.Flags().Changed(name) {
				return fmt.Errorf("--%s: a gateway does not offer %q; run it on the database, with the gateway's configuration", name, cmd.CommandPath())
			}
		}
		return nil
	}
}
