package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/ledger"
	"github.com/anysms/anysms/router/ledger/sqlite"
)

// TestRestored puts an older copy of the database in its place: whoever opens it is told.
func TestRestored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	use := func(ids ...string) (missing int64) {
		l, err := sqlite.Open(t.Context(), path, ledger.Options{})
		require.NoError(t, err)
		defer func() { require.NoError(t, l.Close()) }()
		for _, id := range ids {
			_, err := l.Record(t.Context(), "athens", provider.Event{Kind: provider.Report, ID: id, Status: provider.StatusSent})
			require.NoError(t, err)
		}
		return l.Restored()
	}
	assert.Zero(t, use("1", "2"))
	backup, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Zero(t, use("3", "4", "5"))
	assert.Zero(t, use())
	require.NoError(t, os.WriteFile(path, backup, 0o600))
	assert.EqualValues(t, 3, use())
	assert.EqualValues(t, 3, use("3"))
	assert.Zero(t, use())

	require.NoError(t, os.WriteFile(path+".key.mark", []byte("what?"), 0o600))
	_, err = sqlite.Open(t.Context(), path, ledger.Options{})
	require.ErrorContains(t, err, `"what?"; want a number, or no file`)
}
