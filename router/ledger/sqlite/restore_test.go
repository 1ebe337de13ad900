package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
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

// TestMarkOfOthers opens a file again and again while others commit to it: what they have
// noted meanwhile is no sign of a backup, and the mark may just be made.
func TestMarkOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anysms.db")
	require.NoError(t, os.WriteFile(path+".key.mark", nil, 0o600))
	ctx, stop := context.WithCancel(t.Context())
	var opened sync.WaitGroup
	opened.Go(func() {
		for ctx.Err() == nil {
			l, err := sqlite.Open(t.Context(), path, ledger.Options{})
			if !assert.NoError(t, err) {
				return
			}
			assert.Zero(t, l.Restored())
			assert.NoError(t, l.Close())
		}
	})
	for i := range 10 {
		l, err := sqlite.Open(t.Context(), path, ledger.Options{})
		if !assert.NoError(t, err) {
			break
		}
		_, err = l.Record(t.Context(), "athens", provider.Event{Kind: provider.Report, ID: strconv.Itoa(i), Status: provider.StatusSent})
		assert.NoError(t, err)
		assert.NoError(t, l.Close()) // which notes what it has committed
	}
	stop()
	opened.Wait()
}
