package filelock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/anysms/anysms/router/internal/filelock"
)

func TestTryLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	a, err := os.Create(path)
	require.NoError(t, err)
	b, err := os.Open(path)
	require.NoError(t, err)
	defer b.Close()
	require.NoError(t, filelock.TryLock(a))
	require.Error(t, filelock.TryLock(b), "another open file has the lock")
	require.NoError(t, a.Close())
	require.NoError(t, filelock.TryLock(b), "it ends with the file")
}
