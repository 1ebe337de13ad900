package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
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

// TestOldSchema opens a database that the first program has written.
func TestOldSchema(t *testing.T) {
	dump, err := os.ReadFile(filepath.Join("testdata", "schema-1.sql"))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "anysms.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.Exec(string(dump))
	require.NoError(t, errors.Join(err, db.Close()))
	l, err := sqlite.Open(t.Context(), path, ledger.Options{Key: ledgertest.OldKey})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	ledgertest.Migrated(t, l)
}

func TestMaintain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "anysms.db"), ledger.Options{Key: ledgertest.OldKey, Retention: time.Hour})
		require.NoError(t, err)
		defer func() { require.NoError(t, l.Close()) }()
		_, err = l.Record(t.Context(), "athens", provider.Event{Kind: provider.Report, ID: "1", Status: provider.StatusSent})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go l.Maintain(ctx)
		left := func() int {
			n, err := l.Unmatched(t.Context())
			require.NoError(t, err)
			return n
		}
		time.Sleep(50 * time.Minute)
		assert.Equal(t, 1, left())
		time.Sleep(30 * time.Minute)
		assert.Zero(t, left())
	})
}
