package postgres_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/ledgertest"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

var testKey = []byte("a key of thirty-two bytes or more")

// TestMain is also that of the processes that TestKilled kills.
func TestMain(m *testing.M) {
	if os.Getenv(ledgertest.EnvChild) == "" {
		os.Exit(m.Run())
	}
	l, err := postgres.Open(context.Background(), os.Args[1], ledger.Options{Key: testKey})
	if err == nil {
		err = ledgertest.Child(l)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The server is killed too, if the test may do that.
func TestKilled(t *testing.T) {
	kills := 3
	if os.Getenv("ANYSMS_LONG") != "" {
		kills = 100
	}
	address, round := postgrestest.Schema(t), 0
	ledgertest.Killed(t, kills, func() *ledger.Ledger {
		l, err := postgres.Open(t.Context(), address, ledger.Options{Key: testKey})
		require.NoError(t, err)
		return l
	}, func() {
		restart := strings.Fields(os.Getenv("ANYSMS_POSTGRES_RESTART"))
		if round++; len(restart) > 0 && round%2 == 0 {
			out, err := exec.Command(restart[0], restart[1:]...).CombinedOutput() // with -m immediate, as a crash
			require.NoError(t, err, "%s", out)
		}
	}, address)
}

func TestContract(t *testing.T) {
	ledgertest.Run(t, ledgertest.Harness{New: func(t *testing.T) func(ledger.Options) (*ledger.Ledger, error) {
		address := postgrestest.Schema(t)
		return func(o ledger.Options) (*ledger.Ledger, error) {
			if o.Key == nil {
				o.Key = testKey
			}
			return postgres.Open(context.Background(), address, o)
		}
	}})
}

// TestOldSchema opens a database that the first program has written.
func TestOldSchema(t *testing.T) {
	address := postgrestest.Schema(t)
	dump, err := os.ReadFile(filepath.Join("testdata", "schema-1.sql"))
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), string(dump))
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	l, err := postgres.Open(t.Context(), address, ledger.Options{Key: ledgertest.OldKey})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	ledgertest.Migrated(t, l)
}
