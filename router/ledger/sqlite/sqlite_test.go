package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/ledgertest"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

func TestContract(t *testing.T) {
	ledgertest.Run(t, ledgertest.Harness{New: func(t *testing.T) func(ledger.Options) (*ledger.Ledger, error) {
		path := filepath.Join(t.TempDir(), "anysms.db")
		return func(o ledger.Options) (*ledger.Ledger, error) { return sqlite.Open(context.Background(), path, o) }
	}})
}
