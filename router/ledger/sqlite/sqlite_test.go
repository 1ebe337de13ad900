package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/ledgertest"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// TestMain is also that of the processes that TestKilled kills.
func TestMain(m *testing.M) {
	if os.Getenv(ledgertest.EnvChild) == "" {
		os.Exit(m.Run())
	}
	l, err := sqlite.Open(context.Background(), os.Args[1], ledger.Options{})
	if err == nil {
		err = ledgertest.Child(l)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestKilled(t *testing.T) {
	kills := 3
	if os.Getenv("ANYSMS_LONG") != "" {
		kills = 100
	}
	path := filepath.Join(t.TempDir(), "anysms.db")
	ledgertest.Killed(t, kills, func() *ledger.Ledger {
		l, err := sqlite.Open(t.Context(), path, ledger.Options{})
		require.NoError(t, err)
		return l
	}, nil, path)
}

func TestContract(t *testing.T) {
	ledgertest.Run(t, ledgertest.Harness{New: func(t *testing.T) func(ledger.Options) (*ledger.Ledger, error) {
		path := filepath.Join(t.TempDir(), "anysms.db")
		return func(o ledger.Options) (*ledger.Ledger, error) { return sqlite.Open(context.Background(), path, o) }
	}})
}
