package postgres_test

import (
	"bytes"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/postgres"
	"github.com/anysms/anysms/router/ledger/postgres/postgrestest"
)

// TestRestored puts an older dump in the place of the database: whoever opens it is told.
func TestRestored(t *testing.T) {
	dump, restore := clientProgram(t, "pg_dump"), clientProgram(t, "psql")
	address := postgrestest.Schema(t)
	whole, schema := withoutSchema(t, address)
	mark := filepath.Join(t.TempDir(), "mark")
	use := func(ids ...string) (missing int64) {
		l, err := postgres.Open(t.Context(), address, ledger.Options{Key: testKey, Mark: mark})
		require.NoError(t, err)
		defer func() { require.NoError(t, l.Close()) }()
		for _, id := range ids {
			_, err := l.Record(t.Context(), "athens", provider.Event{Kind: provider.Report, ID: id, Status: provider.StatusSent})
			require.NoError(t, err)
		}
		return l.Restored()
	}
	assert.Zero(t, use("1", "2"))
	backup, err := exec.CommandContext(t.Context(), dump, "--dbname", whole, "--schema", schema).Output()
	require.NoError(t, err)
	assert.Zero(t, use("3", "4", "5"))
	assert.Zero(t, use())

	conn, err := pgx.Connect(t.Context(), whole)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "DROP SCHEMA "+pgx.Identifier{schema}.Sanitize()+" CASCADE")
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	cmd := exec.CommandContext(t.Context(), restore, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", whole)
	cmd.Stdin = bytes.NewReader(backup)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.EqualValues(t, 3, use())
	assert.EqualValues(t, 3, use("3"))
	assert.Zero(t, use())
}

// withoutSchema splits the address of a test's schema.
func withoutSchema(t *testing.T, address string) (whole, schema string) {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	q := u.Query()
	schema = q.Get("search_path")
	require.NotEmpty(t, schema)
	q.Del("search_path")
	u.RawQuery = q.Encode()
	return u.String(), schema
}

// clientProgram finds a program that comes with PostgreSQL.
func clientProgram(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	require.NoError(t, err)
	if len(found) == 0 {
		t.Skip("there is no " + name)
	}
	return slices.Max(found)
}
