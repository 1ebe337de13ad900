package sqlite

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDisk fills a real disk, and makes it read-only, under a ledger that is open.
func TestDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("only root can mount a small disk: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	b := newBroken(t, filepath.Join(dir, "anysms.db"))
	require.NoError(t, b.record(0))

	filler := filepath.Join(dir, "filler")
	var refused []int
	f, err := os.Create(filler)
	require.NoError(t, err)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, f.Close())
	for range 5 {
		if err := b.record(50_000); err != nil {
			refused = append(refused, b.last)
		}
	}
	require.NotEmpty(t, refused)
	require.NoError(t, os.Remove(filler))
	b.holds(refused...)

	require.NoError(t, b.Close())
	require.NoError(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	_, err = open(t.Context(), filepath.Join(dir, "anysms.db"))
	require.ErrorIs(t, err, syscall.EROFS)
	require.NoError(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT, ""))
}
